"""The same work without a browser: `python -m semafo COMMAND`.

With `--json` every command prints one JSON object a line. Errors go to stderr and end with exit code 2. A command is
loaded when it is asked for, so that help comes at once.
"""

import importlib

import click

import semafo

# Where each command is, and what the list of commands says of it: the first sentence of its own help.
COMMANDS = {
    "annotate": (
        "annotate:annotate",
        "Predict the types of a query's cells from a labelled reference, and write the query with them.",
    ),
    "app": ("dashboard:app", "Start the dashboard in a browser."),
    "check": ("datasets:check", "Say what is in a data set and whether it can be trained on."),
    "clean": ("disk:clean", "Say what could go, and let it go with --yes."),
    "compare": ("compare:compare", "Train mixes on the same split, and print how they and the baselines compare."),
    "datasets": ("datasets:datasets", "List the built-in data sets."),
    "delete": ("runs:delete", "Move runs to the trash, stopping those that work."),
    "diff": ("runs:diff", "Print the settings, versions and data in which runs differ."),
    "disk": ("disk:disk_use", "Print what the home takes on disk."),
    "export": ("export:export_runs", "Write finished runs, or those of a SWEEP, as a file to take away."),
    "figure": ("figure:figure", "Write the comparison of finished runs, or of a SWEEP, as one figure."),
    "import": ("export:import_runs", "Take the runs of an exported FILE.zip into this home."),
    "keys": (
        "cluster:keys",
        "Make a home's keys where they are missing, and print how to start scheduler and workers with them.",
    ),
    "note": ("runs:note", 'Write a run\'s notes, in place of those it had; "" deletes them.'),
    "rename": ("runs:rename", 'Give a run a name of its own; "" takes it back.'),
    "report": ("sweep:report", "Print what a sweep found, or write it as a page (.html) or a table (.csv)."),
    "restore": ("runs:restore", "Take deleted runs out of the trash."),
    "runs": ("runs:runs", "List the runs, newest first."),
    "save": ("annotate:save", "Write a built-in data set, or some of its batches, as an .h5ad file."),
    "show": ("runs:show", "Print one run: scores, warnings, name, tags and notes, where its files are."),
    "sweep": ("sweep:sweep", "Train every mix at every labelled rate with every seed, and print how they compare."),
    "tag": ("runs:tag", "Add tags to a run, or remove them; without either, print them."),
    "verify": ("verify:verify", "Read every file of finished runs, and say which is not what the run left."),
}


class CommandsOnRequest(click.Group):
    """A group whose commands are imported one by one, when they are run or asked for help."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Names of all commands, in the order of the alphabet."""
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of a name, imported now; None where there is none."""
        if cmd_name not in COMMANDS:
            return None
        module, _, name = COMMANDS[cmd_name][0].partition(":")
        command: click.Command = getattr(importlib.import_module(f"semafo.cli.{module}"), name)
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of commands, without importing any."""
        with formatter.section("Commands"):
            formatter.write_dl([(name, COMMANDS[name][1]) for name in self.list_commands(ctx)])


@click.group(cls=CommandsOnRequest, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(semafo.__version__)
def cli() -> None:
    """See what semi-supervision does to the latent space of a single-cell VAE."""


def main() -> None:
    """Entry of the console script."""
    cli(prog_name="semafo")
