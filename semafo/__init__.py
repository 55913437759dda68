"""See what semi-supervision does to the latent space of a single-cell VAE: scANVI and SemafoVAE, side by side."""

import importlib
from typing import Any

__version__ = "0.3.0.dev1"

# Where each public name lives. Importing semafo loads none of them: `SemafoVI` needs torch, the settings do not.
_PUBLIC = {
    "DatasetSpec": "semafo.settings.run_config",
    "EvaluationSettings": "semafo.settings.run_config",
    "LabelMask": "semafo.data.splitting.label_mask",
    "Mix": "semafo.settings.mix",
    "Result": "semafo.training.steps",
    "RunConfig": "semafo.settings.run_config",
    "SemafoError": "semafo.errors",
    "SemafoVI": "semafo.models.semafovi",
    "SplitSettings": "semafo.settings.run_config",
    "TrainSettings": "semafo.settings.run_config",
    "evaluate": "semafo.training.steps",
    "load_data": "semafo.training.steps",
    "map_query": "semafo.training.steps",
    "prepare": "semafo.training.steps",
    "pretrain": "semafo.training.steps",
    "semi_supervise": "semafo.training.steps",
    "train": "semafo.training.steps",
    "use_threads": "semafo.threads",
}

__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'semafo' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
