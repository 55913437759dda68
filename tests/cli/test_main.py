"""The command line, as a shell sees it."""

import json
import os
import subprocess
import sys

import click
import pytest

from semafo import keys
from semafo.cli import main
from semafo.runs.home import Home
from tests.support.tiny import TINY, TINY_BATCHES, end_engine

TINY_RUN = ("--epochs-pretrain", "2", "--epochs-reference", "2", "--epochs-query", "2")
PROMISED = {
    *("run_id", "form", "mix", "seed", "split_seed", "labelled_rate", "n_query", "n_scored", "n_unseen", "accuracy"),
    *("accuracy_query", "f1_weighted", "f1_macro", "balanced_accuracy", "cohen_kappa", "latent_scale", "label_gap"),
    *("scib", "seconds", "kind", "accuracy_reference", "accuracy_before_query", "ece", "temperature"),
}


def semafo(*arguments, home=None):
    """Run a command; give its exit code, the lines of JSON it printed, and what it complained about."""
    environment = {**os.environ, **({"SEMAFO_HOME": str(home)} if home else {})}
    command = [sys.executable, "-m", "semafo", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return done.returncode, [json.loads(line) for line in done.stdout.splitlines()], done.stderr


def of_kind(lines, kind):
    """The lines of one kind."""
    return [line for line in lines if line["kind"] == kind]


@pytest.fixture
def home(tmp_path):
    """A home whose engine, if a command starts one, is ended."""
    yield tmp_path / "home"
    end_engine(Home.at(tmp_path / "home"))


@pytest.mark.parametrize("name", main.COMMANDS)
def test_the_list_of_commands_says_what_each_says_of_itself(name):
    command = main.cli.get_command(click.Context(main.cli), name)
    assert main.COMMANDS[name][1] == command.get_short_help_str(limit=300)


def test_datasets_lists_what_is_built_in():
    code, lines, _ = semafo("datasets")
    assert code == 0
    assert {"pbmc68k", "simulated", "simulated:pancreas-like"} <= {line["name"] for line in lines}


def test_check_says_what_is_in_a_data_set():
    code, (report,), _ = semafo("check", "pbmc68k")
    assert code == 0
    assert (report["n_cells"], report["n_genes"]) == (700, 765)
    assert "one batch" in " ".join(report["warnings"])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["check", "no-such-file.h5ad"], "no-such-file.h5ad"),
        (["check", "pbmc68k", "--label-key", "celltype"], "bulk_labels"),
        (["compare", "--mix", "sanvi"], "scanvi, semafo, both"),
        (["compare", "--labelled-rate", "1.5"], "between 0 and 1"),
        (["compare", "--labelled-rate", "0"], "reference"),
        (["compare", "--dataset", "pbmc69k"], "pbmc68k"),
        (["show", "nothing"], "semafo runs"),
        (["delete", "nothing"], "semafo runs"),
    ],
)
def test_errors_say_what_to_do_on_stderr_with_exit_code_2(home, arguments, words):
    code, lines, complaint = semafo(*arguments, home=home)
    assert code == 2
    assert lines == []
    assert words in json.loads(complaint)["error"]
    assert "Traceback" not in complaint


def test_a_reference_that_does_not_exist_is_refused_with_the_batches_that_do(home):
    code, _, complaint = semafo("compare", "--dataset", TINY, "--reference", "nowhere", *TINY_RUN, home=home)
    assert code == 2
    assert TINY_BATCHES[0] in complaint


def test_compare_prints_a_whole_line_for_each_mix_and_the_same_in_any_home(home, tmp_path):
    arguments = [
        "compare",
        "--dataset",
        TINY,
        "--mix",
        "scanvi",
        "--mix",
        "0.7:0.3",
        "--labelled-rate",
        "0.2",
        *TINY_RUN,
    ]
    code, printed, _ = semafo(*arguments, home=home)
    assert code == 0
    lines = of_kind(printed, "run")
    assert printed[: len(lines)] == lines
    assert [line["mix"] for line in lines] == ["scANVI", "0.7:0.3"]
    assert [line["mix_option"] for line in lines] == ["scanvi", "0.7:0.3"]
    assert [line["mix"] for line in of_kind(printed, "baseline")] == list(keys.BASELINES)
    assert {line["mix_option"] for line in of_kind(printed, "baseline")} == {None}
    assert {line["n_scored"] for line in of_kind(printed, "baseline")} == {lines[0]["n_scored"]}
    for line in lines:
        assert set(line) >= PROMISED
        assert line["form"] == keys.ONE_STAGE
        assert line["labelled_rate"] == pytest.approx(0.2, abs=0.01)
        assert line["scib"]["ilisi"] is not None
    other = tmp_path / "other"
    try:
        _, again, _ = semafo(*arguments, home=other)
    finally:
        end_engine(Home.at(other))
    for line in [*lines, *of_kind(again, "run")]:
        line.pop("seconds")
    assert again == printed

    _, listed, _ = semafo("runs", home=home)
    assert {row["run_id"] for row in listed} == {line["run_id"] for line in lines}
    code, (shown,), _ = semafo("show", lines[0]["run_id"][:10], home=home)
    assert shown["accuracy"] == lines[0]["accuracy"]
    code, _, _ = semafo("delete", lines[0]["run_id"], home=home)
    assert code == 0
    assert len(semafo("runs", home=home)[1]) == 1


@pytest.mark.long
def test_compare_by_surgery_on_real_cells(home, kang_path):
    arguments = ["--dataset", kang_path, "--label-key", "cell_type", "--batch-key", "donor", "--n-hvg", "200"]
    split = ["--reference", "101,1016", "--reference", "107", "--reference", "1256", "--labelled-rate", "0.2"]
    mixes = ["--mix", "scanvi", "--mix", "both"]
    code, lines, complaint = semafo("compare", *arguments, *split, *mixes, *TINY_RUN, home=home)
    assert code == 0, complaint
    line = of_kind(lines, "run")[1]
    assert line["form"] == keys.SURGERY
    assert line["n_query"] == 585 + 443 + 401 + 138
    assert line["labelled_rate"] == pytest.approx(0.2, abs=0.001)
    assert line["n_scored"] + line["n_unseen"] == pytest.approx(0.3 * line["n_query"], abs=1)
    baselines = of_kind(lines, "baseline") + of_kind(lines, "before-query")
    assert [row["mix"] for row in baselines] == [*keys.BASELINES, *[keys.BEFORE_QUERY_MIX] * 2]
    assert [row["of"] for row in of_kind(lines, "before-query")] == ["scANVI", "Both"]
    assert {row["n_scored"] for row in baselines} == {line["n_scored"]}
    pair, *from_baseline = of_kind(lines, "difference")
    assert (pair["a"], pair["b"], pair["n"]) == ("scANVI", "Both", line["n_scored"])
    assert pair["low"] <= pair["difference"] <= pair["high"]
    assert 0 < pair["p_value"] <= 1
    assert {row["a"] for row in from_baseline} <= set(keys.BASELINES)


@pytest.mark.long
def test_several_seeds_give_methods_and_text_has_a_sentence_for_each_difference(home):
    arguments = ["compare", "--dataset", TINY, "--seed", "0", "--seed", "1", "--mix", "scanvi", *TINY_RUN]
    code, lines, complaint = semafo(*arguments, home=home)
    assert code == 0, complaint
    assert [line["seed"] for line in of_kind(lines, "run")] == [0, 1]
    methods = {line["mix"]: line for line in of_kind(lines, "method")}
    assert set(methods) == {"scANVI", *keys.BASELINES}
    assert methods["scANVI"]["n_runs"] == 2
    (difference,) = of_kind(lines, "method-difference")
    assert difference["not_covered"] == ["splits"]

    command = [sys.executable, "-m", "semafo", *arguments, "--home", str(home)]
    text = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    assert text.count("test cells") == len(of_kind(lines, "difference"))
    assert difference["words"] in text
    assert len(text.splitlines()) == len(lines)
