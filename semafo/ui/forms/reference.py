"""Whether a query is mapped onto a reference, and which batches that reference has."""

from collections.abc import Sequence

import streamlit as st

ONE_STAGE, SURGERY, ALONE = "All cells together", "Query onto a reference", "Reference alone"


def reference_batches(batches: Sequence[str], dataset: str) -> tuple[str, ...]:
    """Batches whose labels are all known."""
    chosen = st.multiselect(
        "Reference batches",
        batches,
        default=batches[: max(1, len(batches) // 2)],
        key=f"reference-{dataset}",
        persist_state="session",
        help="Their labels are all known. Every other batch is query.",
    )
    return tuple(sorted(chosen))
