"""The paper's splits: their rates come out, in the paper's data and in the simulation, and misfits are named."""

import pytest

from semafo.data.catalogue import parse_simulation
from semafo.data.paper import splits as paper_splits
from semafo.data.simulation.tissues import BONE_MARROW_STUDIES, PANCREAS_STUDIES
from semafo.errors import DataError
from semafo.settings.run_config import SplitSettings

NAMES = [
    *(f"pancreas-{rate}" for rate in ("100.0", "82.4", "45.0", "39.1", "21.2", "16.8", "0.0")),
    *(f"bone-marrow-{rate}" for rate in ("100.0", "78.5", "34.2", "0.0")),
]
PAPER = {"pancreas": dict(PANCREAS_STUDIES), "bone-marrow": dict(BONE_MARROW_STUDIES)}


def paper_counts(name):
    return PAPER[name.rpartition("-")[0]]


def test_every_row_of_the_tables_has_a_name():
    assert [preset.name for preset in paper_splits.presets()] == NAMES
    assert len({preset.title for preset in paper_splits.presets()}) == len(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_the_rate_comes_out_in_the_papers_data_and_in_the_simulation(name):
    preset = paper_splits.preset(name)
    for counts in (paper_counts(name), dict(parse_simulation(preset.simulation).studies)):
        assert round(preset.rate_of(counts), 3) == round(preset.rate, 3) == round(float(name.split("-")[-1]) / 100, 3)


@pytest.mark.parametrize("name", NAMES)
def test_each_study_has_one_place(name):
    preset = paper_splits.preset(name)
    assert len(set(preset.studies)) == len(preset.studies)
    assert set(preset.studies) <= set(paper_counts(name))
    assert preset.reference_only == (set(preset.studies) != set(paper_counts(name)))


@pytest.mark.parametrize("name", NAMES)
def test_the_papers_data_pass_the_check_in_silence(name):
    assert paper_splits.preset(name).check(paper_counts(name)) == []


def test_a_preset_becomes_a_split_with_further_settings():
    settings = paper_splits.preset("pancreas-82.4").split_settings(split_seed=3, leak=True)
    assert settings == SplitSettings(
        ("Pancreas CelSeq", "Pancreas Fluidigm C1"),
        labelled_batches=("Pancreas SS2", "Pancreas inDrop"),
        split_seed=3,
        leak=True,
    )
    assert paper_splits.preset("bone-marrow-0.0").split_settings().labelled_batches == ()
    assert paper_splits.preset("bone-marrow-100.0").split_settings().reference_only


def test_other_counts_are_named_with_the_rate_that_comes_out():
    counts = {**paper_counts("bone-marrow-34.2"), "Site2": 20000}
    (sentence,) = paper_splits.preset("bone-marrow-34.2").check(counts)
    assert "Site2 20000 (23979)" in sentence
    assert "Site3" not in sentence
    assert "comes out is 30.2%, in the paper 34.2%" in sentence


def test_a_missing_study_is_refused_with_what_there_is():
    counts = {"Site1": 10, "Site2": 10, "Site4": 10, "Site3": 0}
    with pytest.raises(DataError, match=r"lack Site3.*batches Site1, Site2, Site4.*simulated:bone-marrow-like/40"):
        paper_splits.preset("bone-marrow-78.5").check(counts)


def test_a_study_too_many_is_refused_where_it_would_become_query():
    counts = {**paper_counts("pancreas-45.0"), "Smarter": 1000}
    with pytest.raises(DataError, match="also have Smarter, which would become query unasked"):
        paper_splits.preset("pancreas-45.0").check(counts)
    assert paper_splits.preset("pancreas-100.0").check(counts) == []


def test_an_unknown_preset_names_the_known_ones():
    with pytest.raises(DataError, match=r"pancreas-100\.0, pancreas-82\.4, .*bone-marrow-0\.0"):
        paper_splits.preset("pancreas-50")


def test_studies_may_be_written_in_lower_case():
    counts = {name.lower(): n for name, n in BONE_MARROW_STUDIES}
    (preset,) = (preset for preset in paper_splits.fitting(counts) if preset.name == "bone-marrow-78.5")
    assert preset.split_settings().labelled_batches == ("site2", "site3")
    assert preset.check(counts) == []


def test_only_presets_of_the_datas_studies_are_offered():
    assert [preset.name for preset in paper_splits.fitting(PAPER["pancreas"])] == NAMES[:7]
    assert [preset.name for preset in paper_splits.fitting(["Site1"])] == ["bone-marrow-100.0"]
    assert paper_splits.fitting(["all"]) == ()
