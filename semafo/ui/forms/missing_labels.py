"""Labels that are no types, taken as missing: one click does it where the check proposes it, another takes it back."""

from collections.abc import Mapping
from dataclasses import replace

import streamlit as st

from semafo import inert, wording
from semafo.settings.run_config import DatasetSpec


def without_chosen(spec: DatasetSpec) -> DatasetSpec:
    """The data set without the labels that were chosen for its label column."""
    return replace(spec, missing_labels=tuple(st.session_state.get(_place(spec), ())))


def buttons(spec: DatasetSpec, proposed: Mapping[str, int]) -> None:
    """A button for each label that is proposed, with its cells, and for each that is missing already."""
    chosen = spec.missing_labels
    for label, n in proposed.items():
        text = f"Treat '{label}' ({wording.cells(n)}) as unlabelled"
        _button(spec, text, (*chosen, label), help="These cells take part without a label: they are never scored.")
    for label in chosen:
        _button(spec, f"Take '{label}' as a type again", tuple(other for other in chosen if other != label))


def _button(spec: DatasetSpec, text: str, labels: tuple[str, ...], help: str | None = None) -> None:
    st.button(
        inert.markdown(text),
        key=f"{_place(spec)}-{text}",
        on_click=st.session_state.__setitem__,
        args=(_place(spec), labels),
        help=help and inert.markdown(help),
    )


def _place(spec: DatasetSpec) -> str:
    return f"missing_labels-{spec.name}-{spec.query}-{spec.label_key}"
