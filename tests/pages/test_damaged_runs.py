"""What pages say of a finished run whose files were damaged."""

import pytest

from semafo import keys
from semafo.files import write_json
from tests.pages.conftest import texts
from tests.support import damage

ODD = {"types": 3, "rows": [], "n_test": "many"}


@pytest.mark.parametrize("path", ["latent_space", "predictions", "compare"])
def test_a_page_names_the_damaged_file_and_its_run(home, open_page, path):
    record = damage.finished(home)
    cells = record.folder / keys.CELLS_FILE
    cells.write_bytes(cells.read_bytes()[:-10])
    app = open_page(path, runs=record.run_id)
    assert not app.exception
    said = " ".join(element.value for element in app.error)
    assert record.run_id in said
    assert f"{keys.CELLS_FILE}: it has" in said


@pytest.mark.parametrize("name", [keys.PREDICTIONS_FILE, keys.INTEGRATION_FILE, keys.SPLIT_FILE])
@pytest.mark.parametrize("path", ["latent_space", "predictions", "integration", "compare", "runs"])
def test_a_page_meets_no_error_that_it_does_not_know(home, open_page, path, name):
    record = damage.finished(home)
    write_json(record.folder / name, ODD)
    damage.committed(record)
    app = open_page(path, runs=record.run_id)
    assert not app.exception
    assert "does not know" not in texts(app)
    if path == "runs":
        assert app.dataframe


def test_the_runs_page_lists_what_cannot_be_read_and_lets_it_go(home, open_page):
    record = damage.finished(home)
    write_json(record.folder / keys.CONFIG_FILE, {"config": {"train": {"seed": "0"}}, "context": {"data": "d"}})
    app = open_page("runs")
    assert not app.exception
    assert not app.error
    assert record.run_id in str(app.dataframe[0].value.to_dict())
