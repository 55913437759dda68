"""What stays of a run that ended halfway."""

from semafo import keys
from semafo.runs.engine.half_run import keep


def test_what_is_not_kept_goes_folders_included(tmp_path):
    for name in (keys.CONFIG_FILE, keys.ABOUT_FILE, keys.HISTORY_FILE, ".attempt-1"):
        (tmp_path / name).touch()
    (tmp_path / keys.LIVE_FOLDER).mkdir()
    (tmp_path / keys.LIVE_FOLDER / keys.LIVE_SAMPLE_FILE).touch()
    keep(tmp_path, {keys.CONFIG_FILE})
    assert sorted(path.name for path in tmp_path.iterdir()) == [keys.ABOUT_FILE, keys.CONFIG_FILE]
