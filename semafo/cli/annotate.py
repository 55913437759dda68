"""`semafo annotate` and `semafo save`: a labelled reference, a query without labels, and files to try it with."""

import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import click

from semafo import keys, wording
from semafo.cli import options as cli_options
from semafo.cli import output
from semafo.data import catalogue
from semafo.data.genes import MIN_MODEL_COUNTS
from semafo.data.reading import gene_overlap
from semafo.errors import DataError
from semafo.runs import names_as_typed
from semafo.runs.background.preflight import inspect, rehearse
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.export import annotated_file, annotated_query, query_copy
from semafo.runs.export.query_file import OVERWRITE
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import store
from semafo.settings.mix import Mix
from semafo.settings.run_config import DatasetSpec, TrainSettings

_out = click.option("--out", type=click.Path(dir_okay=False, path_type=Path), required=True, help="File to write.")
_force = click.option("--force", is_flag=True, help="Write over an existing file.")


@click.command()
@click.option("--reference", required=True, help="Labelled cells: an .h5ad file or a built-in name.")
@click.option("--query", required=True, help="Cells to annotate: an .h5ad file or a built-in name.")
@cli_options.of_pair
@click.option("--mix", default="scanvi", show_default=True, help="scanvi, semafo, both or W:W such as 0.7:0.3.")
@click.option("--label-weighting", default=Mix.label_weighting, show_default=True, help="published or normalised.")
@click.option("--head", default=Mix.head, show_default=True, help="What predicts: classifier or mixture.")
@click.option(
    "--threshold",
    type=click.FloatRange(0, 1),
    default=annotated_query.THRESHOLD,
    show_default=True,
    help=f"Confidence below which a cell is {annotated_query.UNKNOWN!r}.",
)
@click.option("--seed", default=0, show_default=True, help="Training seed.")
@cli_options.of_training
@cli_options.home
@_out
@_force
@click.option(OVERWRITE, is_flag=True, help="Where the query has items of the names that are added, replace them.")
@cli_options.as_json
def annotate(
    home: str | None, out: Path, force: bool, overwrite_items: bool, as_json: bool, threshold: float, **options: Any
) -> None:
    """Predict the types of a query's cells from a labelled reference, and write the query with them.

    A run with the same settings and data that this home has already is not trained again.
    """
    with output.errors(as_json):
        require_free(out, force)
        where, settings = cli_options.home_at(home), _settings(options)
        query_copy.require_place(out, catalogue.files_of(settings[0]))
        (config,) = annotated_query.configs(where, *settings)
        annotated_file.require_writable(config, out, overwrite_items)
        split = rehearse(where, config)
        found = [*inspect(where, config.dataset).report["warnings"], *split.warnings]
        output.say_found(found, as_json)
        run_ids = store.submit(where, [config])
        ensure_engine(where)
        (record,) = output.watch(where, run_ids, quiet=as_json)
        if record.state != keys.DONE:
            output.say_run(record, as_json)
            sys.exit(2)
        annotated_file.write_query(where, record, out, threshold, overwrite_items)
        output.say_found(record.warnings, as_json, said=found)
        _say(record, out, threshold, as_json)


def _settings(options: dict[str, Any]) -> tuple[DatasetSpec, list[Mix], list[TrainSettings]]:
    spec = cli_options.pair(options["reference"], options)
    train = replace(cli_options.train(options), seed=options["seed"])
    return spec, [Mix.parse(options["mix"], options["label_weighting"], options["head"])], [train]


def _say(record: RunRecord, out: Path, threshold: float, as_json: bool) -> None:
    """Overlap, cells by type, how many are unknown; an accuracy only where the query has labels of its own."""
    found = annotated_query.summary(record, threshold)
    if as_json:
        output.say({"out": str(out), **found}, as_json)
        return
    scores = found["scores"]
    output.show(f"{record.run_id}  {record.title}")
    output.show(gene_overlap.sentence(found["overlap"]))
    if found["support"]:
        output.show(annotated_query.support_sentence(record))
    why = f"confidence below {threshold:g}, or fewer than {MIN_MODEL_COUNTS} counts in the model's genes"
    output.show(f"Cells: {found['n_query']}, of which {found['n_unknown']} {annotated_query.UNKNOWN} ({why}).")
    width = max(map(len, found["n_by_label"]))
    for name, n in found["n_by_label"].items():
        output.show(f"  {name:<{width}}  {n:>6}")
    if found["mapping"]:
        output.show(wording.beyond_reference(found["mapping"]))
    if scores:
        output.show(
            f"Accuracy against the query's own labels: {scores['accuracy']:.3f} ({scores['accuracy_low']:.3f} to "
            f"{scores['accuracy_high']:.3f}, n = {scores['n_scored']}; majority {scores['accuracy_majority']:.3f})."
        )
    output.show(f"Written: {out}")


@click.command()
@click.argument("name")
@click.option("--batch", "batches", multiple=True, help=f"Only these batches, {cli_options.NAMES}. Repeatable.")
@click.option("--without-labels", is_flag=True, help="Leave the label column out.")
@_out
@_force
@cli_options.as_json
def save(name: str, batches: tuple[str, ...], without_labels: bool, out: Path, force: bool, as_json: bool) -> None:
    """Write a built-in data set, or some of its batches, as an .h5ad file."""
    with output.errors(as_json):
        from semafo.data.load import read_whole  # with anndata, which other commands do without

        require_free(out, force)
        spec = DatasetSpec(name)
        if catalogue.is_file(spec):
            raise DataError(f"{name} is a file already. Give a built-in name: `semafo datasets` lists them.")
        spec = catalogue.resolve(spec)
        adata = read_whole(spec)
        if batches:
            known = adata.obs[spec.batch_key].astype(str) if spec.batch_key else ()
            wanted = names_as_typed.named(batches, set(known))
            adata = adata[annotated_query.in_batches(adata.obs, spec, wanted)].copy()
        if without_labels:
            del adata.obs[spec.label_key]
        annotated_query.write_h5ad(adata, out)
        output.say({"written": str(out), "n_cells": adata.n_obs, "n_genes": adata.n_vars}, as_json)


def require_free(out: Path, force: bool) -> None:
    """Raise DataError where `out` cannot be written, before any time is spent."""
    if not out.parent.is_dir():
        raise DataError(f"There is no folder {out.parent}. Make it first, or give another --out.")
    if out.exists() and not force:
        raise DataError(f"{out} is there already. Give another --out, or --force to write over it.")
