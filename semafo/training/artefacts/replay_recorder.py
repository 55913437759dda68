"""The record of a whole run, of which `replay.npz` and `replay.json` in its folder tell.

The scVI stage is shared by several runs; its part of the record lies beside its weights. In surgery the first stages
show cells of the reference, and those of the query join them in the query's stage. Axes: F frames, n cells of the
sample, L latent dimensions.
"""

from functools import cached_property, partial

import numpy as np
import pandas as pd

from semafo import keys
from semafo.files import write_atomically, write_json
from semafo.training.artefacts.live_frames import LiveFrames
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import pretrain_key
from semafo.training.stages.prepared_data import Prepared
from semafo.training.stages.replay_frames import StageRecord, draw, sample_size


class RunRecorder:
    """The record of a whole run, stage by stage.

    The scVI stage's sample is that of whoever trained it, and later stages follow the same cells. In surgery half of
    the cells are the query's: they join at the query stage, which leaves the reference's where they are.

    Each frame is also written as it is made, for those who watch (`semafo.training.artefacts.live_frames`).
    """

    def __init__(self, run: RunContext, prepared: Prepared) -> None:
        self._job, self._prepared = run, prepared
        self._live = LiveFrames(run.folder, self._described)
        self.pretrain = StageRecord(self._draw(self._first), on_frame=partial(self._show, keys.PRETRAIN))
        self._later: dict[str, StageRecord] = {}

    @property
    def _first(self) -> np.ndarray:
        """Rows of the cells of the first stages, in their order."""
        role = self._prepared.split.cells[keys.ROLE].to_numpy()
        is_surgery = self._job.config.form == keys.SURGERY
        return np.flatnonzero(role == keys.REFERENCE) if is_surgery else np.arange(len(role))

    @property
    def _query(self) -> np.ndarray:
        return np.flatnonzero((self._prepared.split.cells[keys.ROLE] == keys.QUERY).to_numpy())

    @cached_property
    def _query_sample(self) -> np.ndarray:
        """The query's part of the sample, as places among the query's cells; none in one stage."""
        is_surgery = self._job.config.form == keys.SURGERY
        return self._draw(self._query) if is_surgery else np.arange(0)

    def _draw(self, rows: np.ndarray) -> np.ndarray:
        """A sample of the cells in these rows, as places among them; in surgery either role has half of the sample."""
        types = self._prepared.split.cells[keys.TRUE].to_numpy(dtype=object)[rows]
        parts = 2 if self._job.config.form == keys.SURGERY else 1
        return draw(types, sample_size(parts * len(rows)) // parts)

    def follow_scvi(self) -> None:
        """Take over the record of the scVI stage, if it came from the cache, and its sample.

        Its last frame is then the first that those who watch this run can see.
        """
        is_reused = not self.pretrain.frames
        stage = self._job.cache.path(pretrain_key(self._job.config, self._job.context))
        self.pretrain = StageRecord.read(stage) or StageRecord(self.pretrain.rows)
        if is_reused and self.pretrain.frames:
            self._show(keys.PRETRAIN, self.pretrain)

    def stage(self, name: str) -> StageRecord:
        """An empty record of one of the later stages."""
        rows = self._query_sample if name == keys.QUERY_STAGE else self.pretrain.rows
        return self._later.setdefault(name, StageRecord(rows, on_frame=partial(self._show, name)))

    def _show(self, stage: str, record: StageRecord) -> None:
        """Write a stage's newest frame for those who watch. The query's cells come after those of the first stages."""
        z = record.frames[-1]
        if stage == keys.QUERY_STAGE:
            z = np.concatenate([self._first_stages()[-1].frames[-1], z])
        self._live.add(stage, record.epochs[-1], record.n_epochs, z)

    def _described(self) -> dict[str, list[str | None]]:
        """True label and batch of each cell of the sample, the query's last; None where the data have no label."""
        rows = np.concatenate([self._first[self.pretrain.rows], self._query[self._query_sample]])
        cells = self._prepared.split.cells.iloc[rows]
        columns = (keys.TRUE, keys.BATCH_COLUMN)
        return {name: [None if pd.isna(value) else str(value) for value in cells[name]] for name in columns}

    def write(self) -> None:
        """Put the record into the run's folder: frames in their order, cells as rows of the per-cell table."""
        first, query = self._first[self.pretrain.rows], self._later.get(keys.QUERY_STAGE)
        rows = first if query is None else np.concatenate([first, self._query[query.rows]])
        stages = {keys.PRETRAIN: self.pretrain, **self._later}
        frames = [(stage, epoch) for stage, record in stages.items() for epoch in record.epochs]
        z, rows_of_table = self._positions(len(rows)), rows.astype(np.int32)
        write_atomically(self._job.folder / keys.REPLAY_FILE, lambda handle: np.savez(handle, z=z, rows=rows_of_table))
        noted = {
            "frames": [{"stage": stage, "epoch": epoch} for stage, epoch in frames],
            "n_epochs": {stage: record.n_epochs for stage, record in stages.items() if record.epochs},
            "seconds": {stage: round(record.seconds, 3) for stage, record in stages.items()},
            "scvi_stage": pretrain_key(self._job.config, self._job.context),
        }
        write_json(self._job.folder / keys.REPLAY_FRAMES_FILE, noted)

    def _positions(self, n_cells: int) -> np.ndarray:
        """(F, n, L) float16: first the cells of the first stages, then the query's, NaN before their stage."""
        first = [frame for record in (self.pretrain, *self._first_stages()) for frame in record.frames]
        query = self._later.get(keys.QUERY_STAGE)
        n_first, n_frames = len(first[-1]), len(first) + (0 if query is None else len(query.frames))
        z = np.full((n_frames, n_cells, first[-1].shape[1]), np.nan, dtype=np.float16)
        z[: len(first), :n_first] = np.stack(first)
        z[len(first) :, :n_first] = first[-1]
        if query is not None:
            z[len(first) :, n_first:] = np.stack(query.frames)
        return z

    def _first_stages(self) -> list[StageRecord]:
        return [record for name, record in self._later.items() if name != keys.QUERY_STAGE]
