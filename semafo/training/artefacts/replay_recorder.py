"""The record of a whole run, of which `replay.npz` and `replay.json` in its folder tell.

The scVI stage is shared by several runs; its part of the record lies beside its weights. In surgery the first stages
show cells of the reference, and those of the query join them in the query's stage. Axes: F frames, n cells of the
sample, L latent dimensions.
"""

import numpy as np

from semafo import keys
from semafo.files import write_atomically, write_json
from semafo.training.run_context import RunContext
from semafo.training.stage_cache import pretrain_key
from semafo.training.stages.prepared_data import Prepared
from semafo.training.stages.replay_frames import StageRecord, draw, sample_size


class RunRecorder:
    """The record of a whole run, stage by stage.

    The scVI stage's sample is that of whoever trained it, and later stages follow the same cells. In surgery half of
    the cells are the query's: they join at the query stage, which leaves the reference's where they are.
    """

    def __init__(self, run: RunContext, prepared: Prepared) -> None:
        self._job, self._prepared = run, prepared
        self.pretrain = StageRecord(self._draw(self._first))
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

    def _draw(self, rows: np.ndarray) -> np.ndarray:
        """A sample of the cells in these rows, as places among them; in surgery either role has half of the sample."""
        types = self._prepared.split.cells[keys.TRUE].to_numpy(dtype=object)[rows]
        parts = 2 if self._job.config.form == keys.SURGERY else 1
        return draw(types, sample_size(parts * len(rows)) // parts)

    def follow_scvi(self) -> None:
        """Take over the record of the scVI stage, if it came from the cache, and its sample."""
        stage = self._job.cache.path(pretrain_key(self._job.config, self._job.context))
        self.pretrain = StageRecord.read(stage) or StageRecord(self.pretrain.rows)

    def stage(self, name: str) -> StageRecord:
        """An empty record of one of the later stages."""
        is_query = name == keys.QUERY_STAGE
        rows = self._draw(self._query) if is_query else self.pretrain.rows
        return self._later.setdefault(name, StageRecord(rows))

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
