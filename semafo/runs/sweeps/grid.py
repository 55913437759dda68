"""What a sweep varies: labelled rates (or the paper's splits), mixes, training seeds and split seeds."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import product
from typing import Any, Self

from semafo import wording
from semafo.data import catalogue
from semafo.data.paper import splits as paper_splits
from semafo.errors import SettingsError
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings

PRESET_FAMILIES = ("pancreas", "bone-marrow")
_NAMES = {"points": "labelled rates", "mixes": "mixes", "seeds": "training seeds", "split_seeds": "splits"}


@dataclass(frozen=True)
class Point:
    """One place on the axis of labelled rates.

    Attributes
    ----------
    dataset, split
        The cells, and which of their labels are seen; the split seed is the grid's.
    title
        `20 %`, or a preset's name.
    """

    dataset: DatasetSpec
    split: SplitSettings
    title: str


@dataclass(frozen=True)
class Grid:
    """Every combination of these is a run.

    Attributes
    ----------
    points
        Labelled rates or presets, from few labels to many.
    mixes, seeds, split_seeds
        Regulariser mixes, training seeds, seeds of the split.
    train
        Settings of the training but its seed.
    preset
        The paper's tissue whose splits the points are, one of `PRESET_FAMILIES`; None is labelled rates.
    """

    points: tuple[Point, ...]
    mixes: tuple[Mix, ...]
    seeds: tuple[int, ...]
    split_seeds: tuple[int, ...]
    train: TrainSettings = field(default_factory=TrainSettings)
    preset: str | None = None

    def __post_init__(self) -> None:
        """Refuse a grid without a single run."""
        for name, said in _NAMES.items():
            if not getattr(self, name):
                raise SettingsError(f"A sweep needs at least one of its {said}, and none was chosen. Choose one.")

    def configs(self) -> list[RunConfig]:
        """All runs: those that share an scVI stage one after the other, and the first split and seed whole first."""
        return [
            RunConfig(point.dataset, replace(point.split, split_seed=split_seed), mix, replace(self.train, seed=seed))
            for split_seed, seed, point, mix in product(self.split_seeds, self.seeds, self.points, self.mixes)
        ]

    def to_dict(self) -> dict[str, Any]:
        """Plain values, as far as a reader of the sweep needs them; the settings themselves are in each run."""
        return {
            "preset": self.preset,
            "points": [point.title for point in self.points],
            "mixes": [mix.name for mix in self.mixes],
            "seeds": list(self.seeds),
            "split_seeds": list(self.split_seeds),
        }

    @classmethod
    def of_rates(cls, dataset: DatasetSpec, split: SplitSettings, rates: Iterable[float], **rest: Any) -> Self:
        """A grid over labelled rates (0 to 1) of one data set; `rest` are the other attributes."""
        ordered = sorted(set(rates))
        return cls(tuple(Point(dataset, replace(split, labelled_rate=r), rate_title(r)) for r in ordered), **rest)


def rate_title(rate: float) -> str:
    """`5 %` of 0.05."""
    return f"{100 * rate:.4g} %"


def preset_points(family: str, dataset: DatasetSpec, studies: Collection[str] | None, **split: Any) -> list[Point]:
    """The paper's splits of one tissue, from few labels to many.

    Parameters
    ----------
    family
        One of `PRESET_FAMILIES`.
    dataset
        The data. Of the data set `simulated` every split takes the simulation in which its rate comes out.
    studies
        Batches of the data; None for a simulation.
    split
        Further fields of `SplitSettings`.

    Raises
    ------
    SettingsError
        There is no such family, or the data lack the studies of every split.
    """
    found = _family(family)
    if dataset.name.strip() == catalogue.SIMULATED:
        return [Point(replace(dataset, name=one.simulation), one.split_settings(**split), one.title) for one in found]
    fitting = [one.spelled_as(studies or ()) for one in found if one.fits(studies or ())]
    if not fitting:
        raise SettingsError(
            f"{dataset.name} has none of the paper's {family} splits: its batches are "
            f"{wording.named(studies or ()) or 'unknown'}. Choose the batch column that holds the "
            "studies, the data set simulated, or labelled rates instead of a preset."
        )
    return [Point(dataset, one.split_settings(**split), one.title) for one in fitting]


def _family(name: str) -> Sequence[paper_splits.Preset]:
    found = [one for one in paper_splits.presets() if one.name.startswith(f"{name}-")]
    if not found:
        raise SettingsError(f"There are no presets {name!r}. Choose one of {', '.join(PRESET_FAMILIES)}.")
    return sorted(found, key=lambda one: one.rate)
