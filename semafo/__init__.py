"""See what semi-supervision does to the latent space of a single-cell VAE: scANVI and SemafoVAE, side by side."""

import importlib
from typing import Any

__version__ = "0.2.0.dev0"

# Where each public name lives. Importing semafo loads none of them: `SemafoVI` needs torch, the settings do not.
_PUBLIC = {
    "DatasetSpec": "semafo.settings.run_config",
    "EvaluationSettings": "semafo.settings.run_config",
    "LabelMask": "semafo.data.splitting.label_mask",
    "Mix": "semafo.settings.mix",
    "Result": "semafo.experiment",
    "RunConfig": "semafo.settings.run_config",
    "SemafoError": "semafo.errors",
    "SemafoVI": "semafo.models.semafovi",
    "SplitSettings": "semafo.settings.run_config",
    "TrainSettings": "semafo.settings.run_config",
    "evaluate": "semafo.experiment",
    "load_data": "semafo.experiment",
    "map_query": "semafo.experiment",
    "prepare": "semafo.experiment",
    "pretrain": "semafo.experiment",
    "semi_supervise": "semafo.experiment",
    "train": "semafo.experiment",
    "use_threads": "semafo.threads",
}

__all__ = sorted([*_PUBLIC, "__version__"])


def __getattr__(name: str) -> Any:
    if name not in _PUBLIC:
        raise AttributeError(f"module 'semafo' has no attribute {name!r}")
    return getattr(importlib.import_module(_PUBLIC[name]), name)


def __dir__() -> list[str]:
    return __all__
