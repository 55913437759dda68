"""The reports' own parts: that divisions to choose on are not reported on, and that tables find their place."""

import numpy as np
import pandas as pd
import pytest

from benchmarks.results import left_out_scores, left_out_types, protocol, tables
from benchmarks.results.__main__ import DOCUMENT, write_tables
from benchmarks.results.scores import balanced_difference, by_division, difference
from semafo import keys

CELLS = (f"Kang {keys.ONE_STAGE}", f"simulated {keys.ONE_STAGE}", f"Kang {keys.SURGERY}")


@pytest.mark.parametrize("form", [keys.ONE_STAGE, keys.SURGERY])
def test_no_division_is_both_chosen_on_and_reported_on(form):
    chosen, reported = (
        {(division.seed, frozenset(division.donors)) for division in part[form]}
        for part in (protocol.CHOOSE, protocol.REPORT)
    )
    assert not {seed for seed, _ in chosen} & {seed for seed, _ in reported}
    assert not {donors for _, donors in chosen if donors} & {donors for _, donors in reported}
    assert len(reported) >= 5


def test_every_task_of_a_part_is_another_run():
    found = list(protocol.tasks("report", "cells.h5ad"))
    assert len({task.config for task in found}) == len(found)
    assert {task.config.split.labelled_rate for task in found if task.config.form == keys.SURGERY} == {0.0, 0.05, 0.2}


def cells_of(methods: dict[str, float], n_divisions: int = 5, n_cells: int = 200) -> pd.DataFrame:
    """Test cells of which each method gets a share right."""
    rng = np.random.default_rng(0)
    facts = {"data": "Kang", "form": keys.ONE_STAGE, "rate": 0.2}
    frames = [
        pd.DataFrame(
            {
                **facts,
                "division": division,
                "batch": np.arange(n_cells) % 4,
                "type": np.where(np.arange(n_cells) < 150, "T", "B"),
                "method": method,
                "correct": rng.random(n_cells) < share,
            }
        )
        for division in range(n_divisions)
        for method, share in methods.items()
    ]
    return pd.concat(frames, ignore_index=True)


def test_a_difference_is_that_of_the_accuracies_with_an_interval_around_it():
    table = cells_of({"good": 0.9, "bad": 0.5})
    scores = by_division(table)["accuracy"].groupby("method").mean()
    found = difference(table, "bad", "good")
    assert found.mean == pytest.approx(scores["good"] - scores["bad"])
    assert 0 < found.low < found.mean < found.high
    mean, low, high = balanced_difference(by_division(table).loc["Kang", keys.ONE_STAGE, 0.2], "good", "bad")
    assert low < mean < high < 0


def test_a_method_compared_with_itself_shows_no_difference():
    table = cells_of({"good": 0.9})
    twin = table.assign(method="twin")
    found = difference(pd.concat([table, twin], ignore_index=True), "good", "twin")
    assert (found.mean, found.low, found.high) == (0, 0, 0)


def test_the_document_has_a_place_for_every_table(tmp_path):
    copy = tmp_path / "results.md"
    copy.write_text(DOCUMENT.read_text(encoding="utf-8"), encoding="utf-8")
    names = [
        *(f"{metric} {cells}" for metric in ("accuracy", "balanced accuracy", "latent") for cells in CELLS),
        *(f"differences {form}" for form in (keys.ONE_STAGE, keys.SURGERY)),
        f"tried {keys.ONE_STAGE}",
        "leak",
        left_out_types.TABLE,
    ]
    write_tables(copy, {name: tables.markdown([["1"]], [name]) for name in names})
    assert all(f"| {name} |" in copy.read_text(encoding="utf-8") for name in names)


def test_the_mapping_score_is_not_reported_on_types_or_divisions_that_it_was_chosen_on():
    assert not set(left_out_types.TYPES["choose"]) & set(left_out_types.TYPES["report"])
    assert not set(left_out_types.SEEDS["choose"]) & set(left_out_types.SEEDS["report"])
    assert len(left_out_types.cases("report")) >= 25


@pytest.fixture
def mapped():
    """A reference of one type; in the query 100 cells like it, and 50 of a new type far away, with any confidence."""
    rng = np.random.default_rng(0)
    z = rng.normal(size=(350, 4))
    z[300:] += 50
    true = np.repeat(["T", "B"], [300, 50])
    return left_out_scores.Mapped(z, np.arange(350) >= 200, rng.random(350), np.full(350, "T"), true)


def test_cells_far_from_the_reference_are_found_by_their_mapping_score_and_not_by_any_score(mapped):
    found = left_out_scores.scores_of(mapped, "B")
    assert found["cells"] == 50
    assert (found["AUC mapping score"], found["found mapping score"], found["beyond"]) == (1, 1, 1)
    assert 0.3 < found["AUC confidence"] < 0.7
    assert found["found confidence"] < 0.3
    assert found["known beyond"] < 0.2


def test_the_table_of_left_out_types_ends_with_all_and_says_where_a_difference_is_not_clear(mapped):
    own = left_out_scores.scores_of(mapped, "B")
    rows = [{"type": name, "seed": seed, **own} for name in ("B", "NK") for seed in (0, 1)]
    for row, change in zip(rows, (0.0, -0.01, -0.01, 0.0), strict=True):
        row["AUC mapping score"] += change
    text = left_out_scores.table(pd.DataFrame(rows))
    assert [line.split(" | ")[0] for line in text.splitlines()[2:]] == ["| B", "| NK", "| mean over types"]
    assert "no clear difference" not in text
    assert left_out_scores.difference(pd.Series([-1.0, 2.0]), 1, ".1f").endswith("no clear difference")
