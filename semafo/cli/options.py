"""Options that several commands share, and the settings that they mean."""

import os
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import reduce
from typing import Any

import click

from semafo.data import catalogue
from semafo.data.paper.splits import Preset
from semafo.errors import SettingsError
from semafo.runs.home import Home
from semafo.runs.workers.scheduler_address import SCHEDULER_VARIABLE, checked
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, SplitSettings, TrainSettings

NAMES = "B1,B2 or @FILE with one a line"  # see `semafo.runs.names_as_typed`
DEFAULT_MIXES = ("scanvi", "semafo", "both")
as_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
home = click.option("--home", type=click.Path(file_okay=False), help="Folder of the runs [SEMAFO_HOME, ~/.semafo]")


def _use_scheduler(_context: click.Context, _option: click.Parameter, address: str | None) -> None:
    """The engine, which any command may have to start again, finds the address in its environment."""
    if address:
        try:
            os.environ[SCHEDULER_VARIABLE] = checked(address)
        except SettingsError as error:
            raise click.BadParameter(str(error)) from None


scheduler = click.option(
    "--scheduler",
    envvar=SCHEDULER_VARIABLE,
    expose_value=False,
    callback=_use_scheduler,
    help="tls://HOST:PORT of a cluster's scheduler, see semafo keys [workers on this machine].",
)

_OF_DATA = (
    click.option("--label-key", help="obs column with the cell types."),
    click.option("--batch-key", help="obs column with the batches; a query may lack it."),
    click.option("--counts", default=DatasetSpec.counts, show_default=True, help="auto, X, raw or layers/NAME."),
    click.option("--round-counts", is_flag=True, help="Round counts with decimals to whole ones."),
    click.option("--n-hvg", default=DatasetSpec.n_hvg, show_default=True, help="Highly variable genes to keep."),
    click.option("--gene-key", help="var column with the names of the genes [var_names]."),
    click.option(
        "--missing-label", "missing_labels", multiple=True, help="A label that is no type, as unassigned. Repeatable."
    ),
)
_OF_QUERY = (
    click.option("--query-gene-key", help="The query's var column with the names of the genes [as --gene-key]."),
    click.option(
        "--min-overlap",
        default=DatasetSpec.min_overlap,
        show_default=True,
        help="Share of the model's genes that the query must have, 0 to 1.",
    ),
)
_DATA_FIELDS = ("label_key", "batch_key", "counts", "round_counts", "n_hvg", "gene_key", "missing_labels")
_QUERY_FIELDS = ("query", "query_gene_key", "min_overlap")
_OF_RUNS = (
    click.option("--dataset", default=DatasetSpec.name, show_default=True, help="Built-in name or an .h5ad file."),
    *_OF_DATA,
    click.option("--reference", multiple=True, help=f"Reference batches, {NAMES}: train by surgery. Repeatable."),
    click.option(
        "--test-share", default=SplitSettings.test_share, show_default=True, help="Cells that are never labelled."
    ),
    click.option("--unstratified", is_flag=True, help="Draw test and labelled cells blindly, not by type."),
    click.option("--leave-out", multiple=True, help="Types, likewise, whose labels no model sees. Repeatable."),
    click.option(
        "--calibration-share",
        default=SplitSettings.calibration_share,
        show_default=True,
        help="Share of the labelled cells kept from the model to fit a temperature on.",
    ),
    click.option("--leak", is_flag=True, help="Hide labels as the published notebook does, which hides none."),
    click.option(
        "--mix",
        "mixes",
        multiple=True,
        help="scanvi, semafo, both or W:W such as 0.7:0.3. Repeatable [all three].",
    ),
    click.option("--label-weighting", default=Mix.label_weighting, show_default=True, help="published or normalised."),
    click.option("--head", default=Mix.head, show_default=True, help="What predicts: classifier or mixture."),
    click.option("--seed", "seeds", type=int, multiple=True, default=(0,), help="Training seed. Repeatable [0]."),
    click.option(
        "--split-seed", "split_seeds", type=int, multiple=True, default=(0,), help="Seed of the split. Repeatable [0]."
    ),
)
_OF_TRAINING = (
    scheduler,
    click.option("--threads", default=1, show_default=True, help="Threads a run; other numbers give other bits."),
    click.option(
        "--accelerator", default=TrainSettings.accelerator, show_default=True, help="auto or cpu; auto is a GPU if any."
    ),
    click.option(
        "--schedule",
        default=TrainSettings.schedule,
        show_default=True,
        help="condensed, constant (scvi-tools' own, slower) or one-cycle (a preview, faster).",
    ),
    click.option("--epochs-pretrain", type=int, help="scVI stage [by schedule and number of cells]."),
    click.option("--epochs-reference", type=int, help="Semi-supervised stage [likewise]."),
    click.option("--epochs-query", type=int, help="Query stage [likewise]."),
)


def of_runs(command: Callable) -> Callable:
    """Give a command every option that says what runs compute, but which labels are seen."""
    return _with(of_training(command), _OF_RUNS)


def of_training(command: Callable) -> Callable:
    """Give a command the options that `train` reads."""
    return _with(command, _OF_TRAINING)


def of_pair(command: Callable) -> Callable:
    """Give a command the options by which a data set and its query are read."""
    return _with(command, (*_OF_DATA, *_OF_QUERY))


def _with(command: Callable, options: Sequence[Callable]) -> Callable:
    return reduce(lambda decorated, option: option(decorated), reversed(options), command)


def home_at(path: str | None) -> Home:
    """The home that `--home` names."""
    return Home.at(path) if path else Home.default()


def pair(name: str, options: dict[str, Any]) -> DatasetSpec:
    """A data set with its query."""
    return DatasetSpec(name, **{field: options[field] for field in (*_DATA_FIELDS, *_QUERY_FIELDS)})


def dataset(options: dict[str, Any], preset: Preset | None = None) -> DatasetSpec:
    """The data set; with a preset, `simulated` is the simulation in which the preset's rate comes out."""
    spec = DatasetSpec(options["dataset"], **{field: options[field] for field in _DATA_FIELDS})
    if preset is not None and spec.name.strip() == catalogue.SIMULATED:
        return replace(spec, name=preset.simulation)
    return spec


def split(options: dict[str, Any]) -> dict[str, Any]:
    """Fields of `SplitSettings` but the reference and which labels are seen. Types are named as the data name them."""
    return {
        "test_share": options["test_share"],
        "stratified": not options["unstratified"],
        "left_out_types": tuple(sorted(set(options["leave_out"]))),
        "calibration_share": options["calibration_share"],
        "leak": options["leak"],
    }


def train(options: dict[str, Any]) -> TrainSettings:
    """Settings of the training but its seed."""
    return TrainSettings(
        schedule=options["schedule"],
        epochs_pretrain=options["epochs_pretrain"],
        epochs_reference=options["epochs_reference"],
        epochs_query=options["epochs_query"],
        n_threads=options["threads"],
        accelerator=options["accelerator"],
    )


def mixes(options: dict[str, Any]) -> list[Mix]:
    """The mixes that were asked for, all three where none was."""
    texts = options["mixes"] or DEFAULT_MIXES
    return [Mix.parse(text, options["label_weighting"], options["head"]) for text in texts]
