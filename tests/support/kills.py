"""Killing Semafo's processes at random moments while commands work in a home, and starting again what users would."""

import os
import random
import signal
import subprocess
import sys
import time
import uuid
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

import psutil

from semafo.files import read_json
from semafo.runs.engine.launch import ensure_engine
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.home import Home
from semafo.runs.library import trash
from semafo.runs.library.rows import names_of
from tests.support import fakes, whole_home
from tests.support.serving import ROOT
from tests.support.tiny import TINY, wait_for

ENGINE, WORKER, FORKSERVER, APP, COMMAND = VICTIMS = ("engine", "worker", "forkserver", "app", "command")
COMPARE, SWEEP, EXPORT, IMPORT, DELETE, CLEAN = WORKS = ("compare", "sweep", "export", "import", "delete", "clean")
_WEIGHTS = {COMPARE: 5, SWEEP: 3, EXPORT: 4, IMPORT: 4, DELETE: 4, CLEAN: 2}
_LONGEST = {COMPARE: 4.0, SWEEP: 4.0, EXPORT: 3.0, IMPORT: 1.5, DELETE: 1.5, CLEAN: 1.5}  # seconds until a kill
_MARK = "SEMAFO_TEST_MARK"  # in the environment of everything that is started here
_OPTIONS = ("--dataset", TINY, "--mix", "scanvi", "--mix", "both", "--epochs-pretrain", "2", "--epochs-reference", "2")
_SETTLING_SECONDS = 120
_KINDS = (("zip", ()), ("h5ad", ()), ("py", ()), ("folder", ("--as", "model")))


@dataclass(frozen=True)
class Kill:
    """What was ended by which signal, in which work, and how many seconds after it began."""

    work: str
    victim: str
    signal: str
    after: float

    def __str__(self) -> str:
        return f"{self.signal} of the {self.victim} {self.after:.2f} s after {self.work} began"


@dataclass
class Storm:
    """A home in which things are killed.

    Attributes
    ----------
    seed
        Decides what is done, what is killed with which signal and when; the moments are those of this machine.
    is_trained
        Whether the finished runs of the beginning are trained, which takes half a minute, or made up.
    """

    home: Home
    folder: Path
    seed: int
    is_trained: bool = True
    kills: list[Kill] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._random = random.Random(self.seed)
        self._mark = uuid.uuid4().hex
        self._n_commands = 0
        self._app: subprocess.Popen | None = None
        self._children: list[subprocess.Popen] = []
        self._before: set[whole_home.Finished] = set()
        self._may_be_gone: set[whole_home.Finished] = set()
        self.exports = self.folder / "exports"
        self.exports.mkdir()
        self.bundle = self.folder / "bundle.zip"
        self._training_seed = 1000 * self.seed

    @contextmanager
    def begun(self) -> Iterator["Storm"]:
        """With finished runs and their bundle; everything that was started is ended afterwards."""
        os.environ[_MARK] = self._mark  # the engine may be started by this process
        try:
            if self.is_trained:
                assert self._command(self._work(COMPARE)).wait(300) == 0, self.said()
            else:
                for record in fakes.comparison(self.home):
                    whole_home.commit(record)
            bundle = ["export", *names_of(self.home), "--to", str(self.bundle)]
            assert self._command(bundle).wait(60) == 0, self.said()
            yield self
        finally:
            del os.environ[_MARK]
            for process in self._processes():
                with suppress(psutil.NoSuchProcess):
                    process.kill()
            for child in self._children:
                child.wait(20)

    def strike(self) -> list[str]:
        """Begin some work, kill something in it, start again what a user would; what is wrong afterwards."""
        self._before, self._may_be_gone = whole_home.finished_runs(self.home), set()
        work = self._random.choices(list(_WEIGHTS), list(_WEIGHTS.values()))[0]
        others = [WORKER] * 3 + [COMMAND] * 3 + [ENGINE] * 2 + [FORKSERVER, APP]
        victim, number = self._random.choice(others), self._random.choice([signal.SIGKILL, signal.SIGTERM])
        after = self._random.uniform(0, _LONGEST[work])
        if victim == APP:
            self._open_app()
        command = self._command(self._work(work))
        time.sleep(after)
        is_hit = self._hit(victim, command, number)
        self.kills.append(Kill(work, victim if is_hit else COMMAND, number.name, after))
        if not is_hit:  # there was none such: the command is there, or has ended just now
            command.send_signal(number)
        found = self._recover(command)
        return [f"{self.kills[-1]}: {said}" for said in found]

    def _work(self, work: str) -> list[str]:
        """Arguments of a command that does such work."""
        self._n_commands += 1
        done = [name for name in names_of(self.home) if RunRecord(self.home.run(name)).is_committed]
        match work if done or work == COMPARE else SWEEP:
            case "compare":
                self._training_seed += 1
                return ["compare", *_OPTIONS, "--seed", str(self._training_seed)]
            case "sweep":
                rate = f"{self._random.uniform(0.1, 0.9):.3f}"
                return ["sweep", *_OPTIONS, "--labelled-rate", rate, "--labelled-rate", "0.5", "--seed", "0"]
            case "export":
                suffix, options = self._random.choice(_KINDS)
                to = self.exports / f"{self._n_commands}.{suffix}"
                return ["export", self._random.choice(done), "--to", str(to), *options]
            case "import":
                return ["import", str(self.bundle)]
            case "delete":
                return ["delete", *self._random.sample(done, min(2, len(done)))]
        in_trash = {trashed.run_id for trashed in trash.contents(self.home)}
        self._may_be_gone = {one for one in self._before if one[0] in in_trash}
        return ["clean", "--failed", "--trash", "--cache", "--yes"]

    def _command(self, arguments: list[str]) -> subprocess.Popen:
        """Start `semafo`; what it says is kept."""
        environment = {**os.environ, _MARK: self._mark, "PYTHONPATH": str(ROOT)}
        with (self.folder / "commands.log").open("ab") as log:
            log.write(f"\n{' '.join(arguments)}\n".encode())
            log.flush()
            command = [sys.executable, "-W", "ignore", "-m", "semafo", *arguments, "--home", str(self.home.path)]
            silent = [] if arguments[0] == "app" else ["--json"]
            process = subprocess.Popen([*command, *silent], cwd=ROOT, env=environment, stdout=log, stderr=log)
        self._children.append(process)
        return process

    def said(self) -> str:
        """What the commands said, and the engine's log, their ends."""
        paths = (self.folder / "commands.log", self.home.engine / "engine.log")
        return "\n".join(path.read_text(errors="replace")[-3000:] for path in paths if path.exists())

    def _open_app(self) -> None:
        if self._app is None or self._app.poll() is not None:
            self._app = self._command(["app", "--no-browser", "--port", "0"])

    def _hit(self, victim: str, command: subprocess.Popen, number: signal.Signals) -> bool:
        """Whether there was such a process to end."""
        if victim in (COMMAND, APP):
            process = command if victim == COMMAND else self._app
            is_there = process.poll() is None
            process.send_signal(number)
            return is_there
        pids = self._pids(victim)
        if not pids:
            return False
        with suppress(ProcessLookupError):
            os.kill(self._random.choice(sorted(pids)), number)
        return True

    def _pids(self, victim: str) -> set[int]:
        """Processes of that kind. Workers have the forkserver's command line, and are known by the engine's list."""
        said = {process.pid: " ".join(process.cmdline()) for process in self._processes()}
        engines = {pid for pid, line in said.items() if "semafo.runs.engine.process" in line}
        workers = {pid for pid in read_json(self.home.engine_file, {}).get("workers", ()) if pid in said}
        forkservers = {pid for pid, line in said.items() if "semafo.runs.workers.forkserver" in line} - workers
        return {ENGINE: engines, WORKER: workers, FORKSERVER: set(sorted(forkservers)[:1])}[victim]

    def _processes(self) -> list[psutil.Process]:
        found = []
        for process in psutil.process_iter():
            with suppress(psutil.NoSuchProcess, psutil.AccessDenied):
                is_ours = process.environ().get(_MARK) == self._mark and process.pid != os.getpid()
                if is_ours and process.status() != psutil.STATUS_ZOMBIE:
                    process.cmdline()
                    found.append(process)
        return found

    def _recover(self, command: subprocess.Popen) -> list[str]:
        """The next command or page starts the engine; once all has ended the home must be whole."""

        def is_settled() -> bool:
            ensure_engine(self.home)  # as a page does that is open
            return whole_home.is_settled(self.home)

        try:
            wait_for(is_settled, _SETTLING_SECONDS)
            command.wait(_SETTLING_SECONDS)
        except (AssertionError, subprocess.TimeoutExpired):
            rows = whole_home.listed(self.home)
            left = {row["run_id"]: row["state"] for row in rows if row["state"] not in whole_home.ENDED}
            return [f"it did not end in {_SETTLING_SECONDS} s, {left}"]
        agrees = partial(whole_home.index_agrees, self.home)
        found = self._in_time(agrees, "the index says other things than the folders")
        found += whole_home.complaints(self.home, self._before, self._may_be_gone)
        found += [f"the export {name} is not whole" for name in whole_home.half_exports(self.exports)]
        return found + self._in_time(lambda: not self._orphans(), "processes are left over")

    def _in_time(self, condition: Callable[[], bool], complaint: str, seconds: float = 15) -> list[str]:
        try:
            wait_for(condition, seconds)
        except AssertionError:
            return [f"{complaint}: {self._orphans()}"]
        return []

    def _orphans(self) -> list[str]:
        """Processes that neither are the engine or the app nor have one of these among their parents."""
        processes = self._processes()
        roots = {psutil.Process(pid) for pid in self._pids(ENGINE)}
        if self._app is not None and self._app.poll() is None:
            roots.add(psutil.Process(self._app.pid))
        left = []
        for process in processes:
            with suppress(psutil.NoSuchProcess):
                if process not in roots and not roots & set(process.parents()):
                    left.append(f"{process.pid} {' '.join(process.cmdline())[:200]}")
        return left if len(self._pids(ENGINE)) <= 1 else [*left, "two engines"]

    def tally(self) -> str:
        """How many kills of each kind, for people."""
        by_victim = Counter(f"{kill.victim} {kill.signal}" for kill in self.kills)
        by_work = Counter(kill.work for kill in self.kills)
        return f"seed {self.seed}, {len(self.kills)} kills; {dict(by_victim)}; during {dict(by_work)}"
