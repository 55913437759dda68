"""How long and how fast each stage is trained: a run's settings, resolved for a number of cells. Imports nothing heavy.

Two schedules. "constant" is scvi-tools' own: learning rate 1e-3 throughout, 400 epochs of scVI for small data, KL terms
warmed up over 400 epochs of each stage. "one-cycle" (default) reaches the same held-out ELBO in a fraction of the
epochs; docs/performance.md has the times and the accuracies. It changes the objective in one respect, which is
therefore stated with every run: the KL terms reach the weight that the constant schedule ends with, 1 for scVI, in
fewer epochs. Batch norm's running statistics keep up with it (`semafo.models.networks.batch_norm_keeping_up`).
"""

from dataclasses import dataclass

from semafo import keys
from semafo.settings.run_config import ONE_CYCLE, TrainSettings

_STOCK_EPOCHS = {keys.SEMI_SUPERVISED: 20, keys.QUERY_STAGE: 100}
_STOCK_RATE, _STOCK_WARMUP = 1e-3, 400
_HIGHEST_RATE = {keys.PRETRAIN: 1e-2, keys.SEMI_SUPERVISED: 1e-2, keys.QUERY_STAGE: 2e-2}
# Epochs of the one-cycle schedule: so many cells are gone through in all, within the least and the most epochs.
_CELLS_SEEN = {
    keys.PRETRAIN: (90_000, 30, 120),
    keys.SEMI_SUPERVISED: (13_500, 5, 15),
    keys.QUERY_STAGE: (30_000, 5, 40),
}
# Of many labelled cells an epoch sees a hundred a type: one more epoch for so many cells, up to so many epochs.
_CELLS_AN_EPOCH, _MOST_FOR_LABELS = 1_400, 10


@dataclass(frozen=True)
class Course:
    """How a stage is trained.

    Attributes
    ----------
    n_epochs
        Passes through the cells.
    learning_rate
        Adam's; the highest one where `one_cycle`.
    one_cycle
        Rise to the learning rate in the first 30 % of the steps, then fall to nearly nothing (Smith and Topin 2019).
        Otherwise it is constant.
    kl_warmup_epochs
        The KL terms' weight in epoch e, counted from 0, is e / kl_warmup_epochs, at most 1.
    weight_decay
        L2 penalty of Adam; none in query surgery, where it would move what is frozen.
    """

    n_epochs: int
    learning_rate: float
    one_cycle: bool
    kl_warmup_epochs: float
    weight_decay: float = 1e-6

    def kl_weight(self, epoch: int) -> float:
        """Weight of the KL terms in an epoch, counted from 0."""
        return min(1.0, epoch / self.kl_warmup_epochs)


def course_of(stage: str, settings: TrainSettings, n_cells: int) -> Course:
    """How a stage is trained on so many cells.

    Parameters
    ----------
    stage
        `keys.PRETRAIN`, `keys.SEMI_SUPERVISED` or `keys.QUERY_STAGE`.
    settings
        What they leave open (None) is chosen here.
    n_cells
        Cells of the stage.
    """
    asked = {
        keys.PRETRAIN: settings.epochs_pretrain,
        keys.SEMI_SUPERVISED: settings.epochs_reference,
        keys.QUERY_STAGE: settings.epochs_query,
    }[stage]
    one_cycle = settings.schedule == ONE_CYCLE
    n_epochs = asked or (_one_cycle_epochs(stage, n_cells) if one_cycle else _stock_epochs(stage, n_cells))
    rate = settings.learning_rate or (_HIGHEST_RATE[stage] if one_cycle else _STOCK_RATE)
    warmup = settings.kl_warmup_epochs or (_one_cycle_warmup(stage, n_epochs) if one_cycle else _STOCK_WARMUP)
    decay = 0.0 if stage == keys.QUERY_STAGE else 1e-6
    return Course(n_epochs, rate, one_cycle, warmup, decay)


def _one_cycle_epochs(stage: str, n_cells: int) -> int:
    cells_seen, least, most = _CELLS_SEEN[stage]
    if stage == keys.SEMI_SUPERVISED:
        least = max(least, min(_MOST_FOR_LABELS, n_cells // _CELLS_AN_EPOCH))
    n_epochs = min(most, max(least, round(cells_seen / max(n_cells, 1))))
    return min(n_epochs, _stock_epochs(stage, n_cells))


def _stock_epochs(stage: str, n_cells: int) -> int:
    """scvi-tools' default for scVI: 400, and fewer beyond 20 000 cells; the paper's for the other stages."""
    return _STOCK_EPOCHS.get(stage) or max(1, min(400, round(400 * 20_000 / max(n_cells, 1))))


def _one_cycle_warmup(stage: str, n_epochs: int) -> float:
    """All of scVI's epochs; in the other stages what leads to the weight that the constant schedule ends with."""
    if stage == keys.PRETRAIN:
        return n_epochs
    return n_epochs * _STOCK_WARMUP / _STOCK_EPOCHS[stage]
