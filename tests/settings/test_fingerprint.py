"""Settings that come from files: what cannot be one is refused in words."""

import copy

import pytest

from semafo.errors import SettingsError
from semafo.settings.run_config import RunConfig


def changed(place, value):
    values = copy.deepcopy(RunConfig().to_dict())
    *parts, last = place.split(".")
    inner = values
    for part in parts:
        inner = inner[part]
    inner[last] = value
    return values


def test_settings_come_back_as_they_were():
    assert RunConfig.from_dict(RunConfig().to_dict()) == RunConfig()
    assert RunConfig.from_dict({}) == RunConfig()


@pytest.mark.parametrize(
    ("place", "value"),
    [
        ("train.seed", "0"),
        ("train.seed", True),
        ("train.seed", 2**70),
        ("train.learning_rate", float("inf")),
        ("train", 3),
        ("dataset.n_hvg", 1.5),
        ("dataset.name", 3),
        ("dataset.name", "x" * 10_000),
        ("dataset.label_key", ["a"]),
        ("split.labelled_rate", [1]),
        ("split.reference", [1, 2]),
        ("split.left_out_types", "B cell"),
        ("split.stratified", 1),
        ("mix.w_scanvi", {}),
        ("evaluation.umap_min_dist", None),
    ],
)
def test_a_value_of_the_wrong_kind_is_named(place, value):
    with pytest.raises(SettingsError, match=place):
        RunConfig.from_dict(changed(place, value))


@pytest.mark.parametrize("values", [None, [], "text", 3])
def test_what_is_no_object_is_refused(values):
    with pytest.raises(SettingsError, match="no object"):
        RunConfig.from_dict(values)


def test_unknown_settings_are_named_as_from_a_newer_version():
    with pytest.raises(SettingsError, match=r"mood is no setting of DatasetSpec.*newer"):
        RunConfig.from_dict({"dataset": {"mood": 1}})
