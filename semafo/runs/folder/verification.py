"""Whether a finished run's files are still what the run left: their content, which takes as long as reading them."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from semafo import keys
from semafo.errors import DamagedRun
from semafo.files import sha256
from semafo.runs.folder import checked_files
from semafo.runs.folder.run_record import RunRecord


@dataclass(frozen=True)
class Damage:
    """A damaged file: the run's id, the file's name, and what is wrong, in words."""

    run_id: str
    file: str
    wrong: str

    @property
    def words(self) -> str:
        """In a line."""
        return f"{self.run_id}: {self.file}: {self.wrong}"


def damage_of(record: RunRecord) -> Iterator[Damage]:
    """What is damaged, file by file; nothing where the run is whole, is not finished, or left no hashes.

    Files that came after the run (status, log, name and tags, a t-SNE) are in no manifest and are not looked at.
    """
    try:
        entries = checked_files.listed(record.folder)
    except DamagedRun:
        yield Damage(record.run_id, keys.MANIFEST_FILE, "it cannot be read")
        return
    for name, entry in entries.items():
        wrong = checked_files.size_damage(record.folder, name) or _content_damage(record, name, entry.get("sha256"))
        if wrong is not None:
            yield Damage(record.run_id, name, wrong)
    if record.refusal is not None:
        yield Damage(record.run_id, keys.CONFIG_FILE, record.refusal)


def _content_damage(record: RunRecord, name: str, wanted: str | None) -> str | None:
    if wanted is None:
        return None
    try:
        return None if sha256(record.folder / name) == wanted else "its content is not what the run left"
    except OSError as error:
        return f"it cannot be read ({error.strerror})"


def require_whole(records: Iterable[RunRecord]) -> None:
    """Raise DamagedRun, naming every damaged file, where one of the runs is not what it was."""
    found = [damage for record in records for damage in damage_of(record)]
    if found:
        raise DamagedRun(
            f"Nothing was written, as these files are damaged: {'; '.join(damage.words for damage in found)}. Delete "
            "such a run and train it again, or put its files back from a backup or an exported zip."
        )


def verify(records: Iterable[RunRecord]) -> Iterator[tuple[RunRecord, list[Damage]]]:
    """Each finished run with what is damaged of it."""
    return ((record, list(damage_of(record))) for record in records if record.is_committed)
