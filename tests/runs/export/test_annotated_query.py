"""Labels of a finished annotation: cells below the threshold, and types of the data that are called the same."""

import pytest

from semafo import keys
from semafo.files import write_json
from semafo.runs.export import annotated_query
from semafo.runs.folder.run_record import RunRecord
from tests.support import fakes


@pytest.fixture
def renamed(home):
    """A finished annotation in which a type has another name."""

    def with_type(name: str) -> RunRecord:
        record = fakes.finished(home, fakes.ANNOTATED)
        predictions, cells = record.predictions(), record.cells()
        old = predictions["types"][0]
        predictions["types"] = [name, *predictions["types"][1:]]
        write_json(record.folder / keys.PREDICTIONS_FILE, predictions)
        cells.assign(
            **{column: cells[column].astype(object).replace(old, name) for column in (keys.TRUE, keys.PREDICTED)}
        ).to_parquet(record.folder / keys.CELLS_FILE)
        return RunRecord(record.folder)

    return with_type


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Pancreas Alpha", "unknown"),
        ("unknown", "unknown (low confidence)"),
        ("Unknown", "unknown (low confidence)"),
        ("unknown cell", "unknown"),
    ],
)
def test_cells_below_the_threshold_have_a_label_that_no_type_has(renamed, name, label):
    record = renamed(name)
    query = record.cells()[record.cells()[keys.ROLE] == keys.QUERY]
    is_below = query[keys.CONFIDENCE] < 0.8
    found = annotated_query.summary(record, 0.8)
    cells = annotated_query.query_cells(record, 0.8)
    assert found["unknown_label"] == label
    assert found["n_unknown"] == found["n_by_label"][label] == is_below.sum()
    assert list(found["n_by_label"])[-1] == label
    assert found["n_by_label"][name] == (query.loc[~is_below, keys.PREDICTED] == name).sum() > 0
    assert (cells.loc[is_below, annotated_query.LABEL] == label).all()
