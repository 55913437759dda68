"""Whether a schedule gives the answer of scvi-tools' own: `python -m benchmarks.fidelity SCHEDULE --kang FILE`.

The stock is `--schedule constant`: 400 and 20 epochs, 100 of the query stage. Each schedule trains scVI and from it
scANVI, SemafoVAE and Both on the same cells, splits and seeds, and is compared with the stock in everything that people
look at; `benchmarks/fidelity/gate.py` has the conditions. The stock's own scores lie in the repository, with the
versions that they were made with. SCHEDULE "constant" is a control: the stock with other training seeds has to pass.

Every case is one file: the command goes on where it stopped. Exit code 1: the schedule does not pass.
"""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from benchmarks.fidelity.cases import CHOOSE, REPORT, SHOWN, trainings
from benchmarks.fidelity.run import measure_all
from semafo.settings.run_config import CONSTANT

STOCK = Path(__file__).parent / "stock"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run what the command line asks for."""
    options = _parser().parse_args(arguments)
    cases = CHOOSE if options.choose else (*REPORT, *(() if options.tested_only else SHOWN))
    cases = tuple(case for case in cases if options.case in (None, case.name))
    is_control = options.schedule == CONSTANT
    folder = STOCK if is_control else Path(options.keep) / options.schedule
    stock = measure_all(STOCK, trainings(cases), options.kang, CONSTANT, options.jobs)
    ours = measure_all(folder, trainings(cases, is_control), options.kang, options.schedule, options.jobs)
    from benchmarks.fidelity.report import report

    return report(options.schedule, ours, stock, options.json)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.fidelity", description=__doc__.split("\n\n")[0])
    parser.add_argument("schedule", metavar="SCHEDULE", help="its name, or constant for the control")
    parser.add_argument("--kang", required=True, help="path of the Kang cells' .h5ad")
    parser.add_argument("--case", help="one of the data sets alone, as the table names it")
    parser.add_argument("--choose", action="store_true", help="the divisions on which schedules are chosen")
    parser.add_argument("--tested-only", action="store_true", help="leave out what is only shown")
    parser.add_argument("--jobs", type=int, default=2, help="trainings at a time, one thread each")
    parser.add_argument("--keep", default=".results/fidelity", help="folder for what was found so far")
    parser.add_argument("--json", action="store_true", help="one JSON object as the last line")
    return parser


if __name__ == "__main__":
    sys.exit(main())
