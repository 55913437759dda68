"""The cells, divisions and mixes on which a schedule is held against the stock one.

Schedules are chosen on the divisions of `CHOOSE` alone; what is reported is on those of `REPORT`.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from semafo.settings.mix import CORNERS, Mix
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings

KANG, SURGERY, SIMULATED = "Kang", "Kang surgery", "simulated"
PBMC, PANCREAS = "pbmc68k", "pancreas-like"
MIXES = {name: Mix(*weights) for name, weights in CORNERS.items()}
LABELLED_RATE = 0.2
N_SEEDS = {KANG: 3, SURGERY: 1, SIMULATED: 2}  # training seeds of a division, whose scores are averaged
_SEED_STEP = 1000

_SPECS = {
    SIMULATED: DatasetSpec("simulated:cells=4000", "cell_type", "study"),
    PBMC: DatasetSpec("pbmc68k"),
    PANCREAS: DatasetSpec("simulated:pancreas-like", "cell_type", "study"),
}
# Donors of the reference, both conditions of each. 100 is for choosing.
_DONORS = {
    0: ("101", "1016", "107", "1256"),
    1: ("1015", "1039", "1244", "1488"),
    2: ("1015", "1016", "1256", "107"),
    3: ("101", "1039", "1244", "1488"),
    4: ("101", "1015", "1016", "1244"),
    100: ("1016", "1039", "107", "1488"),
}


@dataclass(frozen=True)
class Case:
    """A data set and form on one division: its seed is the split's and, with the offset, the training's."""

    name: str
    seed: int
    offset: int = 0

    @property
    def slug(self) -> str:
        """For file names."""
        division = f"{self.name.lower().replace(' ', '-')}-{self.seed}"
        return f"{division}-{self.offset}" if self.offset else division

    @property
    def division(self) -> "Case":
        """The same with its first training seed."""
        return replace(self, offset=0)

    def config(self, kang: str, schedule: str) -> RunConfig:
        """Settings of its runs, without a mix. kang: path of the Kang cells."""
        train = TrainSettings(schedule, seed=self.seed + self.offset)
        spec = _SPECS.get(self.name, DatasetSpec(kang, "cell_type", "batch"))
        donors = _DONORS[self.seed] if self.name == SURGERY else ()
        reference = tuple(sorted(f"{condition}_{donor}" for condition in ("ctrl", "stim") for donor in donors))
        return RunConfig(spec, SplitSettings(reference, LABELLED_RATE, split_seed=self.seed), train=train)


CHOOSE = (Case(KANG, 100), Case(KANG, 101), Case(SIMULATED, 100), Case(SURGERY, 100))
REPORT = (
    *(Case(KANG, seed) for seed in range(10)),
    *(Case(SIMULATED, seed) for seed in range(5)),
    *(Case(SURGERY, seed) for seed in range(5)),
)
SHOWN = (Case(PBMC, 0), Case(PANCREAS, 0))  # one seed: looked at, and not part of the verdict


def trainings(divisions: Iterable[Case], control: bool = False) -> tuple[Case, ...]:
    """The divisions with each of their training seeds; control: with as many others."""
    found = []
    for division in divisions:
        n = _n_seeds(division)
        found += [replace(division, offset=_SEED_STEP * i) for i in range(n * control, n * control + n)]
    return tuple(found)


def counterpart(case: Case) -> Case:
    """The stock's training that stands beside one of a schedule (the same) or of the control."""
    return replace(case, offset=case.offset % (_n_seeds(case.division) * _SEED_STEP))


def _n_seeds(division: Case) -> int:
    return N_SEEDS.get(division.name, 1) if division in REPORT else 1
