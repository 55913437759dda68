"""`semafo compare`: mixes trained on the same split, and how they differ."""

import sys
from dataclasses import replace
from itertools import product
from typing import Any

import click

from semafo import keys
from semafo.cli import comparison, output
from semafo.cli import options as cli_options
from semafo.data.paper import splits as paper_splits
from semafo.data.paper.splits import Preset
from semafo.runs import names_as_typed
from semafo.runs.background.preflight import inspect, rehearse
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.home import Home
from semafo.runs.library import store
from semafo.settings.run_config import RunConfig, SplitSettings


@click.command()
@cli_options.of_runs
@click.option("--preset", help="A split of the paper, such as pancreas-82.4 (see: semafo datasets --presets).")
@click.option("--labelled-rate", type=float, help="Share of labelled cells, 0 to 1 [0.2].")
@click.option("--labelled", multiple=True, help="Label whole batches, likewise, instead of a rate. Repeatable.")
@cli_options.home
@cli_options.as_json
def compare(home: str | None, as_json: bool, **options: Any) -> None:
    """Train mixes on the same split, and print how they and the baselines compare.

    Several seeds or split seeds train every mix with each of them; means and differences of the methods come last.
    """
    with output.errors(as_json):
        where = cli_options.home_at(home)
        preset = _fitted_preset(where, options, as_json)
        configs = configs_from(names_as_typed.resolved(where, cli_options.dataset(options, preset), options), preset)
        one_a_split = {config.split: config for config in configs}.values()  # mixes and seeds share data and split
        splits = [rehearse(where, config) for config in one_a_split]
        found = [*inspect(where, configs[0].dataset).report["warnings"]]
        found += [warning for split in splits for warning in split.warnings]
        output.say_found(found, as_json)
        ensure_engine(where)
        run_ids = store.submit(where, configs)
        done = []
        for record in output.watch(where, run_ids, quiet=as_json):
            done += [record] * (record.state == keys.DONE)
            output.say_run(record, as_json)
        output.say_found((warning for record in done for warning in record.warnings), as_json, said=found)
        output.say_comparison(comparison.lines(done), comparison.missing(done), as_json)
    if len(done) < len(run_ids):
        sys.exit(2)


def configs_from(options: dict[str, Any], preset: Preset | None = None) -> list[RunConfig]:
    """Settings of the runs that `compare`'s options ask for: one a mix, for each split seed and seed.

    Names of batches and types are those of the data, see `semafo.runs.names_as_typed`.
    """
    dataset, split = cli_options.dataset(options, preset), _split_from(options, preset)
    train, mixes = cli_options.train(options), cli_options.mixes(options)
    wanted = product(*(dict.fromkeys(values) for values in (options["split_seeds"], options["seeds"], mixes)))
    return [
        RunConfig(dataset, replace(split, split_seed=split_seed), mix, replace(train, seed=seed))
        for split_seed, seed, mix in wanted
    ]


def _split_from(options: dict[str, Any], preset: Preset | None) -> SplitSettings:
    rest = cli_options.split(options)
    labelled, rate = options["labelled"], options["labelled_rate"]
    if preset is not None:
        return preset.split_settings(**rest)
    if labelled and rate is not None:
        raise click.UsageError("Give --labelled-rate or --labelled, not both.")
    rate = SplitSettings.labelled_rate if rate is None else rate
    return SplitSettings(options["reference"], labelled_rate=rate, labelled_batches=labelled or None, **rest)


def _fitted_preset(home: Home, options: dict[str, Any], as_json: bool) -> Preset | None:
    """The preset that was asked for, as the data spell its studies; how they differ from the paper's goes to stderr."""
    if options["preset"] is None:
        return None
    if options["reference"] or options["labelled"] or options["labelled_rate"] is not None:
        raise click.UsageError("--preset chooses reference and labels: leave --reference, --labelled and the rate out.")
    preset = paper_splits.preset(options["preset"])
    counts = (
        inspect(home, cli_options.dataset(options, preset))
        .cells[keys.BATCH_COLUMN]
        .astype(str)
        .value_counts()
        .to_dict()
    )
    preset = preset.spelled_as(counts)
    for sentence in preset.check(counts):
        output.remark(sentence, as_json)
    return preset
