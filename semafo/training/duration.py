"""How long the stages should take, before and while they run. Light to import: pages ask as well."""

import math
from typing import Any

from semafo import keys
from semafo.settings.run_config import RunConfig
from semafo.settings.schedule import Course, course_of

# Seconds of one minibatch of 128 cells on one thread: a fixed part and a part for each 1000 genes, measured on a laptop
# class core. Only their ratios matter once a run is under way, since its own pace replaces them.
_STEP_SECONDS = {
    keys.PRETRAIN: (0.004, 0.003),
    keys.SEMI_SUPERVISED: (0.014, 0.004),
    keys.QUERY_STAGE: (0.010, 0.003),
}
_MAPS = (4.0, 0.002)  # fixed, and for each cell


def courses(config: RunConfig, facts: dict[str, Any]) -> dict[str, Course]:
    """How each stage of a run is trained, in their order. `facts` are a split's counts."""
    n_first = facts["n_reference"] if config.form == keys.SURGERY else facts["n_cells"]
    cells = {keys.PRETRAIN: n_first, keys.SEMI_SUPERVISED: n_first}
    if config.form == keys.SURGERY and facts["n_query"]:
        cells[keys.QUERY_STAGE] = facts["n_query"]
    return {stage: course_of(stage, config.train, n_cells, config.form) for stage, n_cells in cells.items()}


def expected_seconds(config: RunConfig, facts: dict[str, Any]) -> dict[str, float]:
    """Expected seconds by stage, in the order in which the stages run. `facts` are a split's counts and `n_genes`."""
    n_first = facts["n_reference"] if config.form == keys.SURGERY else facts["n_cells"]
    expected = {}
    for stage, course in courses(config, facts).items():
        n_cells = facts["n_query"] if stage == keys.QUERY_STAGE else n_first
        fixed, per_thousand_genes = _STEP_SECONDS[stage]
        n_steps = course.n_epochs * math.ceil(n_cells / config.train.batch_size)
        expected[stage] = n_steps * (fixed + per_thousand_genes * facts["n_genes"] / 1000)
    expected[keys.MAPS] = _MAPS[0] + _MAPS[1] * facts["n_cells"]
    return expected
