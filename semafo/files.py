"""Writing files so that a reader never sees half of one, on the same disk or a shared one."""

import hashlib
import json
import os
import shutil
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from math import isfinite
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from semafo.plain_values import misfit

if TYPE_CHECKING:
    import pandas as pd

_MOST_JSON_BYTES = 2**25  # 32 MiB, which may take thirty times as much memory; what is written here stays far below
_MOST_DIGITS = 19  # of a whole number: what arrays and databases hold, or little more
_DEEPEST_JSON = 50  # objects and lists within one another; what is written here has ten

_check_before_writing: ContextVar[Callable[[], None]] = ContextVar("check_before_writing", default=lambda: None)


@contextmanager
def write_guarded(check: Callable[[], None]) -> Iterator[None]:
    """Call `check` before this thread moves any file to its place; what it raises keeps the file away.

    So with `make_folder` and `remove_folder`.
    """
    token = _check_before_writing.set(check)
    try:
        yield
    finally:
        _check_before_writing.reset(token)


def write_atomically(path: Path, write: Callable[[BinaryIO], Any], *, synced: bool = True) -> None:
    """Call `write` on a hidden file beside `path`, then move it there; on failure the old file stays as it was.

    The folder must be there: a run that was deleted meanwhile must not come back as a folder with one file.

    synced: wait until the disk has it; without, a power cut may cost the file, and writing takes a thirtieth.
    """
    draft = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}"
    try:
        with draft.open("wb") as handle:
            write(handle)
            handle.flush()
            if synced:
                os.fsync(handle.fileno())
        _check_before_writing.get()()
        draft.replace(path)
    except OSError as error:
        if error.filename is None:  # what a write says of a full disk: the reader wants to know which disk
            error.filename = str(path)
        raise
    finally:
        draft.unlink(missing_ok=True)


def make_folder(path: Path) -> None:
    """Make a folder in one that is there."""
    _check_before_writing.get()()
    path.mkdir()


def remove_folder(path: Path) -> None:
    """Delete a folder, if it is there. It leaves its place at once, so that no reader takes half of it for all."""
    gone = path.parent / f".{path.name}.{uuid.uuid4().hex[:8]}"
    _check_before_writing.get()()
    with suppress(FileNotFoundError):
        path.rename(gone)
    shutil.rmtree(gone, ignore_errors=True)


def write_json(path: Path, value: Any) -> None:
    """Write plain values as JSON. NaN is refused: an undefined score is null."""
    text = json.dumps(value, indent=1, ensure_ascii=False, allow_nan=False)
    write_atomically(path, lambda handle: handle.write(text.encode()))


def read_json(path: Path, default: Any = None, kind: Any = Any) -> Any:
    """The file's content, or `default` where there is no such file, or one that nobody here can have written.

    That is what is no JSON or too large or too deep, what holds NaN or Infinity, what is of another type than
    `default` (who asks with `{}` gets an object), and what does not fit `kind`, see `semafo.plain_values.misfit`.
    """
    try:
        if path.stat().st_size > _MOST_JSON_BYTES:
            return default
        found = parsed_json(path.read_bytes())
    except (FileNotFoundError, NotADirectoryError, IsADirectoryError, ValueError):
        return default
    if default is not None and not isinstance(found, type(default)):
        return default
    return found if kind is Any or misfit(found, kind) is None else default


def parsed_json(content: bytes | str) -> Any:
    """Plain values that can be written again.

    Raises
    ------
    ValueError
        It is no JSON, too large or too deep, has a number that is not finite, or text that no file can hold.
    """
    if len(content) > _MOST_JSON_BYTES:
        raise ValueError(f"it has {len(content)} bytes, and {_MOST_JSON_BYTES} are the most that are read")
    text = content if isinstance(content, str) else content.decode("utf-8")
    try:
        found = json.loads(text, parse_constant=_refuse_constant, parse_float=_finite, parse_int=_whole)
    except RecursionError:
        raise ValueError("it nests too deep") from None
    _require_flat(found)
    if "\\ud" in text or "\\uD" in text:  # half a character: refused by UTF-8, and by whoever prints it
        json.dumps(found, ensure_ascii=False).encode()
    return found


def _refuse_constant(text: str) -> None:
    raise ValueError(f"{text} is no JSON")


def _finite(text: str) -> float:
    value = float(text)
    if not isfinite(value):
        raise ValueError(f"{text[:40]} is larger than any number can be here")
    return value


def _whole(text: str) -> int:
    if len(text) > _MOST_DIGITS:
        raise ValueError(f"{text[:40]} is larger than any number can be here")
    return int(text)


def _require_flat(found: Any) -> None:
    level = [found] if isinstance(found, dict | list) else []
    for _ in range(_DEEPEST_JSON):
        inner = (item for one in level for item in (one.values() if isinstance(one, dict) else one))
        level = [item for item in inner if isinstance(item, dict | list)]
        if not level:
            return
    raise ValueError("it nests too deep")


def append_json_line(path: Path, value: Any) -> None:
    """Add one line of JSON to a log that others may be reading."""
    with path.open("a", encoding="utf-8") as handle:
        handle.write(json.dumps(value, allow_nan=False) + "\n")


def read_json_lines(path: Path) -> list[Any]:
    """All complete lines; a last line that is still being written is left for the next reading.

    Raises
    ------
    ValueError
        A line is no JSON.
    """
    try:
        return parsed_json_lines(path.read_bytes())
    except FileNotFoundError:
        return []


def parsed_json_lines(content: bytes) -> list[Any]:
    """As `read_json_lines`, of a file's content."""
    if len(content) > _MOST_JSON_BYTES:
        raise ValueError(f"it has {len(content)} bytes, and {_MOST_JSON_BYTES} are the most that are read")
    text = content[: content.rfind(b"\n") + 1].decode("utf-8")
    return [parsed_json(line) for line in text.split("\n") if line]


def read_table(path: Path) -> "pd.DataFrame":
    """A Parquet file as pandas wrote it.

    By path, and in this thread: pandas hands pyarrow a Python file object, from which threads read ahead. One that lets
    go of it while the interpreter ends aborts the process ("terminate called without an active exception").
    """
    from pyarrow.parquet import ParquetFile

    with ParquetFile(str(path), pre_buffer=False) as file:
        table: pd.DataFrame = file.read(use_threads=False).to_pandas(use_threads=False)
    return table


def sha256(path: Path) -> str:
    """Hash of a file's content, 64 hex digits."""
    with path.open("rb") as handle:
        return hashlib.file_digest(handle, "sha256").hexdigest()
