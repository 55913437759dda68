"""How long the stages should take, before and while they run. Light to import: pages ask as well."""

import math
from typing import Any

from semafo import keys
from semafo.courses import course_of
from semafo.settings import RunConfig

# Seconds of one minibatch of 128 cells on one thread: a fixed part and a part for each 1000 genes, measured on a laptop
# class core. Only their ratios matter once a run is under way, since its own pace replaces them.
_SCVI_STEP = (0.004, 0.003)
_SEMI_STEP = (0.014, 0.004)
_QUERY_STEP = (0.010, 0.003)
_MAPS = (4.0, 0.002)  # fixed, and for each cell


def expected_seconds(config: RunConfig, facts: dict[str, Any]) -> dict[str, float]:
    """Expected seconds by stage, in the order in which the stages run. `facts` are a split's counts and `n_genes`."""
    n_first = facts["n_reference"] if config.form == keys.SURGERY else facts["n_cells"]
    genes = facts["n_genes"] / 1000
    train = config.train

    def training(stage: str, n_cells: int, step: tuple[float, float]) -> float:
        n_steps = course_of(stage, train, n_cells).n_epochs * math.ceil(n_cells / train.batch_size)
        return n_steps * (step[0] + step[1] * genes)

    expected = {
        keys.PRETRAIN: training(keys.PRETRAIN, n_first, _SCVI_STEP),
        keys.SEMI_SUPERVISED: training(keys.SEMI_SUPERVISED, n_first, _SEMI_STEP),
    }
    if config.form == keys.SURGERY and facts["n_query"]:
        expected[keys.QUERY_STAGE] = training(keys.QUERY_STAGE, facts["n_query"], _QUERY_STEP)
    expected[keys.MAPS] = _MAPS[0] + _MAPS[1] * facts["n_cells"]
    return expected
