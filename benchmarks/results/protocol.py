"""Which runs are made: data sets, forms, labelled rates, mixes, and the splits that are chosen on and reported on.

Settings were chosen on the splits of CHOOSE alone. Everything in the report is on the splits of REPORT: other split
seeds, other training seeds and, in surgery, other divisions of the donors into reference and query.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from semafo import keys
from semafo.settings.mix import Mix
from semafo.settings.run_config import CONSTANT, DatasetSpec, RunConfig, SplitSettings, TrainSettings

KANG = "Kang"
SIMULATED = "simulated"
# About 1600 minibatches of scVI, with which the tables were made; other stages as scvi-tools has them.
SCVI_EPOCHS = {keys.ONE_STAGE: 74, keys.SURGERY: 150}
RATES = {keys.ONE_STAGE: (0.01, 0.05, 0.2), keys.SURGERY: (0.0, 0.05, 0.2)}
MIXES = (Mix(1, 0), Mix(0, 1), Mix(1, 1), Mix(0, 1, "normalised"))


@dataclass(frozen=True)
class Division:
    """One way of dividing a data set: its seed is the split's and the training's."""

    seed: int
    donors: tuple[str, ...] = ()  # reference donors (surgery)

    @property
    def name(self) -> str:
        """For tables."""
        return f"{self.seed}" if not self.donors else f"{'+'.join(self.donors)}, seed {self.seed}"


_A, _B = ("101", "1016", "107", "1256"), ("1015", "1039", "1244", "1488")
_E, _F = ("1015", "1016", "1256", "107"), ("101", "1039", "1244", "1488")
CHOOSE = {
    keys.ONE_STAGE: tuple(Division(seed) for seed in (100, 101)),
    keys.SURGERY: (),  # takes what was chosen in one stage
}
REPORT = {
    keys.ONE_STAGE: tuple(Division(seed) for seed in range(5)),
    keys.SURGERY: (Division(0, _A), Division(1, _B), Division(2, _E), Division(3, _F), Division(4, _A)),
}
# The published regulariser and Both were not candidates for the proposed setting
CHOOSE_MIXES = (Mix(1, 0), Mix(0, 1, "normalised"))
PARTS = {"choose": CHOOSE, "report": REPORT}


@dataclass(frozen=True)
class Task:
    """One training: a mix on a division at a labelled rate."""

    data: str
    division: Division
    config: RunConfig


def tasks(part: str, kang: str | None, mixes: tuple[Mix, ...] | None = None) -> Iterator[Task]:
    """All trainings of a part; without the Kang file only those on simulated cells. Cheap ones first."""
    mixes = mixes or (CHOOSE_MIXES if part == "choose" else MIXES)
    specs = {SIMULATED: DatasetSpec("simulated", "cell_type", "study")}
    if kang:
        specs = {KANG: DatasetSpec(kang, "cell_type", "batch"), **specs}
    for form in (keys.ONE_STAGE, keys.SURGERY):
        for division in PARTS[part][form]:
            for name, spec in specs.items():
                if form == keys.SURGERY and name == SIMULATED:
                    continue
                for rate in RATES[form]:
                    split = SplitSettings(_batches(division), rate, split_seed=division.seed)
                    train = TrainSettings(CONSTANT, SCVI_EPOCHS[form], seed=division.seed)
                    for mix in mixes:
                        yield Task(name, division, RunConfig(spec, split, mix, train))


def _batches(division: Division) -> tuple[str, ...]:
    """The Kang cells' batches are condition and donor."""
    return tuple(sorted(f"{condition}_{donor}" for condition in ("ctrl", "stim") for donor in division.donors))
