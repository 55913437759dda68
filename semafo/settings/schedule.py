"""How long and how fast each stage is trained: a run's settings, resolved for a number of cells. Imports nothing heavy.

Three schedules. "constant" is scvi-tools' own: learning rate 1e-3 throughout, 400 epochs of scVI for small data, KL
terms warmed up over 400 epochs of each stage. "condensed" (default) is that course in fewer epochs at a higher rate; it
is held to the constant one in everything that people look at (`python -m benchmarks.fidelity`). "one-cycle" is a
preview, shorter still, which changes how batches mix. docs/performance.md has the times and the differences.

A shorter training changes the objective in one respect, which is therefore stated with every run: the weight of the KL
terms depends on the epoch. Batch norm's running statistics keep up with fewer steps
(`semafo.models.networks.batch_norm_keeping_up`). What a schedule's name means here never changes: runs are stored under
it.
"""

import itertools
from dataclasses import dataclass

from semafo import keys
from semafo.settings.run_config import CONDENSED, CONSTANT, ONE_CYCLE, TrainSettings

Curve = tuple[tuple[float, float], ...]  # points (share of the training from 0 to 1, value), linear between them

_STOCK_EPOCHS = {keys.SEMI_SUPERVISED: 20, keys.QUERY_STAGE: 100}
_STOCK_RATE, _STOCK_WARMUP, _STOCK_EPS = 1e-3, 400, 0.01


@dataclass(frozen=True)
class _Condensed:
    """A stage of the condensed schedule: share of the stock's epochs, and rate and eps of Adam."""

    share: float
    rate: float
    eps: float = _STOCK_EPS


# Surgery is given more: its references are smaller, and layer norm takes rates as high as one stage's less well.
_CONDENSED = {
    keys.ONE_STAGE: {
        keys.PRETRAIN: _Condensed(0.375, 3e-3, 1e-4),
        keys.SEMI_SUPERVISED: _Condensed(0.6, 2e-3),
    },
    keys.SURGERY: {
        keys.PRETRAIN: _Condensed(0.625, 2e-3),
        keys.SEMI_SUPERVISED: _Condensed(1.0, 1e-3),
        keys.QUERY_STAGE: _Condensed(0.25, 4e-3),
    },
}
# Of scVI. A weight of 0.65 leaves z as many dimensions and nats as 400 epochs leave it that end at 1.
_PRETRAIN_KL: Curve = ((0.0, 0.0), (0.35, 0.35), (0.65, 0.65), (1.0, 0.65))
_PRETRAIN_RATE: Curve = ((0.0, 1.0), (0.5, 1.0), (1.0, 0.15))

# One-cycle: so many cells are gone through in all, within the least and the most epochs.
_CELLS_SEEN = {
    keys.PRETRAIN: (90_000, 30, 120),
    keys.SEMI_SUPERVISED: (13_500, 5, 15),
    keys.QUERY_STAGE: (30_000, 5, 40),
}
_HIGHEST_RATE = {keys.PRETRAIN: 1e-2, keys.SEMI_SUPERVISED: 1e-2, keys.QUERY_STAGE: 2e-2}
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
        Adam's; the highest one where it changes.
    one_cycle
        Rise to the learning rate in the first 30 % of the steps, then fall to nearly nothing (Smith and Topin 2019).
    kl_warmup_epochs
        The KL terms' weight in epoch e, counted from 0, is e / kl_warmup_epochs, at most 1; not with a `kl_path`.
    weight_decay
        L2 penalty of Adam; none in query surgery, where it would move what is frozen.
    rate_path
        Learning rate by the share of the steps that are done, as a share of `learning_rate`. Empty: constant.
    kl_path
        Weight of the KL terms by the share of the epochs that are done. Empty: by `kl_warmup_epochs`.
    adam_eps
        Added to the root in Adam's denominator. scvi-tools has 0.01; less lets small gradients take larger steps.
    batch_norm_keeps_up
        Whether batch norm's running statistics forget the start however few steps there are.
    """

    n_epochs: int
    learning_rate: float
    one_cycle: bool
    kl_warmup_epochs: float
    weight_decay: float = 1e-6
    rate_path: Curve = ()
    kl_path: Curve = ()
    adam_eps: float = 0.01
    batch_norm_keeps_up: bool = False

    def kl_weight(self, epoch: int) -> float:
        """Weight of the KL terms in an epoch, counted from 0."""
        if self.kl_path:
            return _along(self.kl_path, epoch / max(self.n_epochs - 1, 1))
        return min(1.0, epoch / self.kl_warmup_epochs)

    def rate_factor(self, share: float) -> float:
        """Share of the learning rate at a share of the steps, where the rate has a path or is constant."""
        return _along(self.rate_path, share) if self.rate_path else 1.0


def course_of(stage: str, settings: TrainSettings, n_cells: int, form: str = keys.ONE_STAGE) -> Course:
    """How a stage is trained on so many cells.

    Parameters
    ----------
    stage
        `keys.PRETRAIN`, `keys.SEMI_SUPERVISED` or, in surgery, `keys.QUERY_STAGE`.
    settings
        What they leave open (None) is chosen here.
    n_cells
        Cells of the stage.
    form
        `keys.ONE_STAGE` or `keys.SURGERY`, whose networks differ.
    """
    asked = {
        keys.PRETRAIN: settings.epochs_pretrain,
        keys.SEMI_SUPERVISED: settings.epochs_reference,
        keys.QUERY_STAGE: settings.epochs_query,
    }[stage]
    if settings.schedule == CONDENSED:
        return _condensed(stage, settings, asked, n_cells, form)
    course = {CONSTANT: _constant, ONE_CYCLE: _one_cycle}[settings.schedule]
    return course(stage, settings, asked, n_cells)


def _constant(stage: str, settings: TrainSettings, asked: int | None, n_cells: int) -> Course:
    n_epochs, rate = asked or _stock_epochs(stage, n_cells), settings.learning_rate or _STOCK_RATE
    return Course(n_epochs, rate, False, settings.kl_warmup_epochs or _STOCK_WARMUP, _decay(stage))


def _condensed(stage: str, settings: TrainSettings, asked: int | None, n_cells: int, form: str) -> Course:
    chosen, is_scvi = _CONDENSED[form][stage], stage == keys.PRETRAIN
    n_epochs = asked or max(1, round(chosen.share * _stock_epochs(stage, n_cells)))
    return Course(
        n_epochs,
        settings.learning_rate or chosen.rate,
        one_cycle=False,
        kl_warmup_epochs=settings.kl_warmup_epochs or _shortened_warmup(stage, n_epochs),
        weight_decay=_decay(stage),
        rate_path=_PRETRAIN_RATE if is_scvi else (),
        kl_path=_PRETRAIN_KL if is_scvi and settings.kl_warmup_epochs is None else (),
        adam_eps=chosen.eps,
        batch_norm_keeps_up=True,
    )


def _one_cycle(stage: str, settings: TrainSettings, asked: int | None, n_cells: int) -> Course:
    n_epochs, rate = asked or _one_cycle_epochs(stage, n_cells), settings.learning_rate or _HIGHEST_RATE[stage]
    warmup = settings.kl_warmup_epochs or _shortened_warmup(stage, n_epochs)
    return Course(n_epochs, rate, True, warmup, _decay(stage), batch_norm_keeps_up=True)


def _one_cycle_epochs(stage: str, n_cells: int) -> int:
    cells_seen, least, most = _CELLS_SEEN[stage]
    if stage == keys.SEMI_SUPERVISED:
        least = max(least, min(_MOST_FOR_LABELS, n_cells // _CELLS_AN_EPOCH))
    n_epochs = min(most, max(least, round(cells_seen / max(n_cells, 1))))
    return min(n_epochs, _stock_epochs(stage, n_cells))


def _stock_epochs(stage: str, n_cells: int) -> int:
    """scvi-tools' default for scVI: 400, and fewer beyond 20 000 cells; the paper's for the other stages."""
    return _STOCK_EPOCHS.get(stage) or max(1, min(400, round(400 * 20_000 / max(n_cells, 1))))


def _shortened_warmup(stage: str, n_epochs: int) -> float:
    """All of scVI's epochs; in the other stages what leads to the weight that the constant schedule ends with."""
    if stage == keys.PRETRAIN:
        return n_epochs
    return n_epochs * _STOCK_WARMUP / _STOCK_EPOCHS[stage]


def _decay(stage: str) -> float:
    return 0.0 if stage == keys.QUERY_STAGE else 1e-6


def _along(path: Curve, share: float) -> float:
    """Value of a path at a share; beyond its ends that of the end."""
    for (left, before), (right, after) in itertools.pairwise(path):
        if share <= right:
            return before + (after - before) * max(0.0, share - left) / (right - left)
    return path[-1][1]
