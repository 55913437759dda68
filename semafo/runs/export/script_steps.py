"""A finished run as steps: a heading, what happens there, and the code that does it through the public API.

Scripts and notebooks are made of them, see `semafo.runs.export.script`. They hold all settings and the exact label
mask.
"""

import hashlib
from collections.abc import Iterable
from dataclasses import dataclass, fields, is_dataclass
from typing import Any

from semafo import keys, wording
from semafo.data.splitting.label_mask import LabelMask
from semafo.runs.folder.run_record import RunRecord
from semafo.settings.run_config import RunConfig

WIDTH = 110  # of lines
# Label scores that are printed beside the run's own
_SCORES = (
    *("n_scored", "n_unseen", "accuracy", "accuracy_low", "accuracy_high", "balanced_accuracy"),
    *("f1_weighted", "f1_macro", "cohen_kappa", "accuracy_majority"),
)
_WHOLE = ("latent_scale", "label_gap")
_STAGE_WORDS = {
    keys.PRETRAIN: "scVI learns to reconstruct counts. It sees no label, so every mix can begin with it.",
    keys.SEMI_SUPERVISED: "The semi-supervised model starts from scVI's weights. It sees the labels of the labelled "
    "cells alone: of all others it learns by their counts.",
    keys.QUERY_STAGE: "Query surgery: the weights that belong to the query's batches are trained, all others stay.",
}
_MIX_WORDS = {
    (True, False): "Its regulariser is scANVI's.",
    (False, True): "Its regulariser is SemafoVAE's.",
    (True, True): "Both regularisers take part, with these weights.",
}


@dataclass(frozen=True)
class Step:
    """A heading, what happens there, and the code that does it."""

    title: str
    words: str
    code: str


def steps(record: RunRecord, data: str = "{name}") -> list[Step]:
    """The run from settings to scores.

    data: the expression that names a data set, with its recorded `name` and its `place` among the arguments.
    """
    config, context = record.config, record.settings["context"]
    mask = f'MASK = semafo.LabelMask.decode("""\n{LabelMask.of(record.cells()).encode(WIDTH)}\n""")'
    hidden = "prepared = semafo.prepare(cells, CONFIG, MASK)"
    return [
        Step("Settings", _settings_words(config), _settings_code(config, data)),
        Step(
            "Cells",
            "The data set is read and checked. Its content must be what the run was trained on.",
            f"cells = semafo.load_data(DATASET, fingerprint={context['data']!r})\nprint(cells)",
        ),
        Step("Labels that may be seen", _mask_words(record), f"{mask}\n{hidden}\n{_COUNT}"),
        *_training_steps(record),
        Step("Scores", _score_words(record), _score_code(record)),
    ]


_COUNT = 'print(prepared.split.cells.groupby(["role", "part"]).size())'


def _training_steps(record: RunRecord) -> list[Step]:
    config = record.config
    mix = _MIX_WORDS[config.mix.w_scanvi > 0, config.mix.w_semafo > 0]
    found = [
        Step("Stage 1: scVI", _stage_words(record, keys.PRETRAIN), "scvi_model = semafo.pretrain(prepared, CONFIG)"),
        Step(
            f"Stage 2: {config.mix.name}",
            f"{_stage_words(record, keys.SEMI_SUPERVISED)} {mix}",
            "model = semafo.semi_supervise(scvi_model, CONFIG)",
        ),
    ]
    if (record.split() or {}).get("n_query") and config.form == keys.SURGERY:
        code = "model = semafo.map_query(model, prepared, CONFIG)"
        found.append(Step("Stage 3: the query", _stage_words(record, keys.QUERY_STAGE), code))
    return found


def _stage_words(record: RunRecord, stage: str) -> str:
    """What the stage does, and for how long."""
    course = (record.split() or {}).get("courses", {}).get(stage)
    if course is None:
        return _STAGE_WORDS[stage]
    rate = wording.learning_rate(course)
    return f"{_STAGE_WORDS[stage]} {course['n_epochs']} epochs at a learning rate of {rate}."


def _settings_words(config: RunConfig) -> str:
    given = "" if None not in vars(config.train).values() else " Where one is None, the schedule chooses it."
    threads = "Threads come first: libraries read their number when they are imported."
    return f"Everything that decides the numbers.{given} {threads}"


def _settings_code(config: RunConfig, data: str) -> str:
    spec = config.dataset
    dataset = _call("DatasetSpec", spec).replace(f"    name={spec.name!r},", "    name=DATA,")
    sources = [f"DATA = {data.format(place=1, name=repr(spec.name))}"]
    if spec.query is not None:
        dataset = dataset.replace(f"    query={spec.query!r},", "    query=QUERY,")
        sources.append(f"QUERY = {data.format(place=2, name=repr(spec.query))}")
    named = (("SPLIT", config.split), ("MIX", config.mix), ("TRAIN", config.train), ("EVALUATION", config.evaluation))
    lines = [f"{name} = {_call(type(value).__name__, value)}" for name, value in named]
    return "\n".join(
        [
            "import semafo\n",
            f"semafo.use_threads({config.train.n_threads})\n",
            *sources,
            f"DATASET = {dataset}",
            *lines,
            "CONFIG = semafo.RunConfig(DATASET, SPLIT, MIX, TRAIN, EVALUATION)",
        ]
    )


def _call(name: str, value: Any) -> str:
    """The settings as the call that makes them, one a line."""
    assert is_dataclass(value)
    arguments = "".join(f"    {field.name}={getattr(value, field.name)!r},\n" for field in fields(value))
    return f"semafo.{name}(\n{arguments})"


def _mask_words(record: RunRecord) -> str:
    split = record.split() or {}
    sizes = ", ".join(
        f"{split[f'n_{part}']} {part}"
        for part in (keys.LABELLED, keys.CALIBRATION, keys.HIDDEN, keys.TEST, keys.MISSING)
        if split.get(f"n_{part}")
    )
    leak = (
        " This run leaks: as in the published notebook, the model sees every label of the query."
        if record.config.split.leak
        else ""
    )
    return (
        f"The mask says of every cell whether it is of the reference or the query, and whether its label may be seen "
        f"({sizes}{' among the query' if record.config.form == keys.SURGERY else ''}). Hidden labels leave the data "
        f"here, before any model sees them. Then highly variable genes are chosen.{leak}"
    )


def population_of(record: RunRecord) -> str:
    """The cells that the printed scores are of: `test`, or `reference` where the run has no test cells with a label."""
    return "test" if (record.predictions().get("test") or {}).get("n_scored") else "reference"


def _score_words(record: RunRecord) -> str:
    if population_of(record) == "test":
        cells = "On the test cells, whose labels no model saw."
    else:
        cells = "On the labelled reference cells, which the model was trained on: there are no test cells with a label."
    return f"{cells} Beside each score stands the run's own. One seed proves nothing about the methods."


def recorded_scores(record: RunRecord) -> dict[str, Any]:
    """The run's own label scores, latent scale and label gap, as the script prints them."""
    predictions = record.predictions()
    scores = predictions.get(population_of(record)) or {}
    return {name: scores.get(name) for name in _SCORES} | {name: predictions.get(name) for name in _WHOLE}


def _score_code(record: RunRecord) -> str:
    versions = record.settings["context"]["versions"]
    return _SCORE_CODE.format(
        recorded=_lines(recorded_scores(record)),
        versions=_lines({name: version for name, version in versions.items() if name != "semafo"}),
        population=population_of(record),
        predictions=_hash_of(record.cells()[keys.PREDICTED]),
    )


def _lines(values: dict[str, Any]) -> str:
    return "".join(f"    {name!r}: {value!r},\n" for name, value in values.items())


def _hash_of(predicted: Iterable[str]) -> str:
    return hashlib.sha256("\n".join(predicted).encode()).hexdigest()


_SCORE_CODE = """\
import hashlib
from importlib import metadata

RECORDED = {{
{recorded}}}
PREDICTIONS = "{predictions}"  # SHA-256 of all predicted types
VERSIONS = {{
{versions}}}

result = semafo.evaluate(model, scvi_model, prepared, CONFIG)
found = {{**result.scores["{population}"], **result.scores}}
print(f"{{'score':<20}} {{'now':>22}} {{'the run':>22}}")
for name, recorded in RECORDED.items():
    print(f"{{name:<20}} {{found[name]!s:>22}} {{recorded!s:>22}}")

predicted = "\\n".join(result.cells["predicted_label"])
same = hashlib.sha256(predicted.encode()).hexdigest() == PREDICTIONS
print("Predicted types:", "those of the run, cell by cell" if same else "not those of the run in every cell")
for name, version in VERSIONS.items():
    if metadata.version(name) != version:
        print(f"{{name}} {{metadata.version(name)}} is installed; the run was trained with {{version}}.")"""


def map_step(record: RunRecord) -> Step:
    key = record.config.mix.obsm_key
    return Step(
        "UMAP",
        f"An AnnData with predictions in obs, the latent representation in obsm[{key!r}] and the map in "
        "obsm['X_umap']. A UMAP shows neighbourhoods, not distances.",
        "import scanpy as sc\n\nadata = result.to_anndata()\n"
        f'sc.pl.umap(adata, color=["{keys.TRUE}", "{keys.PREDICTED}"], ncols=1)',
    )
