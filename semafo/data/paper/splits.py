"""The splits of the paper's Tables 4 and 5: which studies are reference, labelled and hidden.

The labelled rate is that of the paper: labelled cells of the query's studies over all cells of the query's studies. At
100 % there is no query at all: the reference is trained on and scored.
"""

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from semafo.data.catalogue import SMALL_BONE_MARROW_LIKE, SMALL_PANCREAS_LIKE
from semafo.data.simulation.tissues import BONE_MARROW_STUDIES, PANCREAS_STUDIES
from semafo.errors import DataError
from semafo.settings.run_config import SplitSettings
from semafo.wording import named


@dataclass(frozen=True)
class Preset:
    """One row of the paper's tables.

    Attributes
    ----------
    name, title
        `pancreas-82.4`, and the same for people.
    reference, labelled, hidden
        Studies of each kind. Hidden studies make the test part.
    reference_only
        Whether the reference is all that is trained on.
    sizes
        Cells of each study in the paper, those that take no part included.
    rate
        The paper's labelled rate, 0 to 1.
    simulation
        A built-in simulation in which that rate comes out.
    """

    name: str
    title: str
    reference: tuple[str, ...]
    labelled: tuple[str, ...]
    hidden: tuple[str, ...]
    reference_only: bool
    sizes: Mapping[str, int] = field(hash=False)
    rate: float
    simulation: str

    @property
    def studies(self) -> tuple[str, ...]:
        """Studies that take part."""
        return self.reference + self.labelled + self.hidden

    def split_settings(self, **settings: Any) -> SplitSettings:
        """The split, with further fields of `SplitSettings` as given."""
        labelled = None if self.reference_only else tuple(sorted(self.labelled))
        return SplitSettings(
            tuple(sorted(self.reference)), labelled_batches=labelled, reference_only=self.reference_only, **settings
        )

    def rate_of(self, counts: Mapping[str, int]) -> float:
        """Labelled rate, 0 to 1, in data with so many cells a study."""
        if self.reference_only:
            return 1.0
        query = sum(counts[study] for study in self.labelled + self.hidden)
        return sum(counts[study] for study in self.labelled) / query

    def spelled_as(self, studies: Collection[str]) -> "Preset":
        """The same split with the data's spelling, where that differs in upper and lower case alone."""
        theirs = {study.casefold(): study for study in studies}

        def spelled(names: Collection[str]) -> tuple[str, ...]:
            return tuple(theirs.get(name.casefold(), name) for name in names)

        sizes = dict(zip(spelled(self.sizes), self.sizes.values(), strict=True))
        reference, labelled, hidden = map(spelled, (self.reference, self.labelled, self.hidden))
        return replace(self, sizes=sizes, reference=reference, labelled=labelled, hidden=hidden)

    def fits(self, studies: Collection[str]) -> bool:
        """Whether data with these studies can be split so, in whatever spelling."""
        return not any(self.spelled_as(studies)._misfit(studies))

    def check(self, counts: Mapping[str, int]) -> list[str]:
        """What differs from the paper, in sentences; nothing where the data have the paper's cell counts.

        Parameters
        ----------
        counts
            Cells of each study in the data.

        Raises
        ------
        DataError
            A study is missing, or there is one that the split has no place for.
        """
        present = [study for study, n in counts.items() if n]
        missing, extra = self._misfit(present)
        if missing:
            raise DataError(
                f"The split {self.name} needs the studies {named(self.studies)}; the data lack {named(missing)}. "
                f"They have the batches {named(present)}. Choose the batch column that holds the studies, use the "
                f"simulation {self.simulation}, or choose reference and labelled batches yourself."
            )
        if extra:
            raise DataError(
                f"The split {self.name} is of the studies {named(self.studies)}, and the data also have "
                f"{named(extra)}, which would become query unasked. Take these cells out of the file, or choose "
                "reference and labelled batches yourself."
            )
        differing = [study for study in self.studies if counts[study] != self.sizes[study]]
        if not differing:
            return []
        found = ", ".join(f"{study} {counts[study]} ({self.sizes[study]})" for study in sorted(differing))
        return [
            f"Cells found, and in the paper: {found}. The labelled rate that comes out is "
            f"{self.rate_of(counts):.1%}, in the paper {self.rate:.1%}."
        ]

    def _misfit(self, studies: Collection[str]) -> tuple[set[str], set[str]]:
        """Studies that are missing, and those without a place; where nothing but the reference trains, none is."""
        extra = set() if self.reference_only else set(studies) - set(self.studies)
        return set(self.studies) - set(studies), extra


_INDROP, _CELSEQ2, _CELSEQ, _FLUIDIGM, _SS2 = (study for study, _ in PANCREAS_STUDIES)
_SITE1, _SITE2, _SITE3, _SITE4 = (study for study, _ in BONE_MARROW_STUDIES)
# rate in per cent, reference, labelled, hidden
_PANCREAS = (
    (100.0, (_CELSEQ2, _SS2), (), ()),
    (82.4, (_CELSEQ, _FLUIDIGM), (_INDROP, _SS2), (_CELSEQ2,)),
    (45.0, (_INDROP, _CELSEQ, _FLUIDIGM), (_CELSEQ2,), (_SS2,)),
    (39.1, (_CELSEQ, _FLUIDIGM), (_CELSEQ2, _SS2), (_INDROP,)),
    (21.2, (_CELSEQ, _SS2), (_CELSEQ2,), (_INDROP, _FLUIDIGM)),
    (16.8, (_CELSEQ,), (_CELSEQ2,), (_INDROP, _FLUIDIGM, _SS2)),
    (0.0, (_CELSEQ2, _SS2), (), (_INDROP, _CELSEQ, _FLUIDIGM)),
)
_BONE_MARROW = (
    (100.0, (_SITE1,), (), ()),
    (78.5, (_SITE1,), (_SITE2, _SITE3), (_SITE4,)),
    (34.2, (_SITE1,), (_SITE2,), (_SITE3, _SITE4)),
    (0.0, (_SITE1,), (), (_SITE2, _SITE3, _SITE4)),
)


def presets() -> tuple[Preset, ...]:
    """All of them, the pancreas first, from the highest labelled rate to the lowest."""
    pancreas = (_preset("pancreas", PANCREAS_STUDIES, SMALL_PANCREAS_LIKE, *row) for row in _PANCREAS)
    bone_marrow = (_preset("bone marrow", BONE_MARROW_STUDIES, SMALL_BONE_MARROW_LIKE, *row) for row in _BONE_MARROW)
    return (*pancreas, *bone_marrow)


def preset(name: str) -> Preset:
    """The preset of that name. Raises DataError, with the names there are."""
    known = {found.name: found for found in presets()}
    if name not in known:
        raise DataError(f"There is no preset {name!r}. Choose one of {', '.join(known)}.")
    return known[name]


def fitting(studies: Collection[str]) -> tuple[Preset, ...]:
    """The presets that data with these studies allow, in the data's spelling."""
    return tuple(found.spelled_as(studies) for found in presets() if found.fits(studies))


def _preset(
    tissue: str,
    sizes: Collection[tuple[str, int]],
    simulation: str,
    percent: float,
    reference: tuple[str, ...],
    labelled: tuple[str, ...],
    hidden: tuple[str, ...],
) -> Preset:
    reference_only = not labelled and not hidden
    return Preset(
        name=f"{tissue.replace(' ', '-')}-{percent:.1f}",
        title=f"{tissue.capitalize()}, {'reference only' if reference_only else f'{percent:.1f} % labelled'}",
        reference=reference,
        labelled=labelled,
        hidden=hidden,
        reference_only=reference_only,
        sizes=dict(sizes),
        rate=percent / 100,
        simulation=simulation,
    )
