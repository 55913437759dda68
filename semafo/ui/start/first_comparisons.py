"""The two comparisons that a first visitor can start with one button."""

from dataclasses import dataclass

from semafo.data import catalogue
from semafo.settings.run_config import DatasetSpec, RunConfig, SplitSettings, TrainSettings
from semafo.ui.forms.mixes import corner_mixes


@dataclass(frozen=True)
class FirstComparison:
    """A comparison with a name: what its button says, what it does, and its runs."""

    key: str
    label: str
    summary: str
    configs: tuple[RunConfig, ...]


def _comparison(dataset: str, split: SplitSettings, train: TrainSettings | None = None) -> tuple[RunConfig, ...]:
    return tuple(RunConfig(DatasetSpec(dataset), split, mix, train or TrainSettings()) for mix in corner_mixes())


REAL_CELLS = FirstComparison(
    key="real-cells",
    label="Compare on real cells",
    summary="700 blood cells, 10 types, 20 % of the labels visible. scANVI, SemafoVAE and Both, trained in one stage.",
    configs=_comparison(catalogue.PBMC68K, SplitSettings(labelled_rate=0.2)),
)
# Studies of the paper's split with a labelled rate of 45 %, and few enough cells to see the maps in a minute
QUERY_MAPPING = FirstComparison(
    key="query-mapping",
    label="Map a query onto a reference",
    summary="1000 simulated cells of five studies: three are the reference, two the query with 20 % of its labels.",
    configs=_comparison(
        f"{catalogue.SIMULATED}:cells=1000",
        SplitSettings(reference=("Pancreas inDrop", "Pancreas CelSeq", "Pancreas Fluidigm C1"), labelled_rate=0.2),
    ),
)
PRESETS = (REAL_CELLS, QUERY_MAPPING)
