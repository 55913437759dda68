"""Logging once an epoch changes neither the training nor what is logged."""

import numpy as np
import scvi
import torch

from semafo.models.semafovi import SemafoVI


class StockLogging(SemafoVI):
    """SemafoVI with scvi-tools' own plan, which logs at every step."""

    _training_plan_cls = scvi.model.SCANVI._training_plan_cls


QUIET = {"enable_progress_bar": False, "enable_model_summary": False, "log_every_n_steps": 1}


def trained(cls, cells):
    cls.setup_anndata(cells, labels_key="label", unlabeled_category="unlabelled", batch_key="batch")
    scvi.settings.seed = 0
    model = cls(cells, n_latent=3, n_hidden=8, w_scanvi=1.0, w_semafo=1.0)
    model.train(3, train_size=1.0, batch_size=50, **QUIET)
    return model


def test_weights_and_curves_are_those_of_the_stock_plan(cells):
    expected, found = trained(StockLogging, cells.copy()), trained(SemafoVI, cells.copy())
    theirs, mine = expected.module.state_dict(), found.module.state_dict()
    assert all(torch.equal(theirs[name], mine[name]) for name in theirs)
    assert set(expected.history) == set(found.history)
    for name, curve in expected.history.items():
        if name == "kl_weight":  # stock logs the last step's, as it is the same in all steps of an epoch
            continue
        values = found.history[name].to_numpy(float)
        np.testing.assert_allclose(values, curve.to_numpy(float), rtol=1e-4, err_msg=name)
