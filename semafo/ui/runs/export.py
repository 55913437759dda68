"""The Runs page's exports: what the chosen runs can be taken away as, and runs from another server.

Files are written by a process in the background. While one is, the page says how long it takes already and can be left.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import streamlit as st

from semafo import inert, keys, wording
from semafo.runs.engine import launch
from semafo.runs.export import archive_import
from semafo.runs.export import formats as export_formats
from semafo.runs.export import in_background as exports_in_background
from semafo.runs.folder.run_record import RunRecord
from semafo.ui.session import tray
from semafo.ui.session.home import current_home
from semafo.ui.session.run_names import names_of
from semafo.ui.shell.errors import guarded
from semafo.ui.widgets import controls

LOOK_EVERY_SECONDS = 1.0


@dataclass(frozen=True)
class Offer:
    """A kind of file: what people call it, what is in it, and its media type."""

    title: str
    words: str
    mime: str = "application/zip"


OFFERS = {
    export_formats.CELLS: Offer(
        "Cells (.h5ad)",
        "Counts, predictions, latent positions and UMAPs of all cells for scanpy, with settings and scores.",
        "application/x-hdf5",
    ),
    export_formats.REPORT: Offer(
        "Report (.html)",
        "Scores, maps, matrices, curves and settings as one page with interactive figures. Needs no network.",
        "text/html",
    ),
    export_formats.SCRIPT: Offer(
        "Script (.py)",
        "Trains the run again step by step, with the exact label mask, and prints its numbers beside the run's own.",
        "text/x-python",
    ),
    export_formats.NOTEBOOK: Offer(
        "Notebook (.ipynb)", "The same as a Jupyter notebook that ends with the UMAP.", "application/x-ipynb+json"
    ),
    export_formats.MODEL: Offer(
        "Model (scvi-tools)",
        "The model folder that SemafoVI.load opens, with its cells, as a zip. It holds a pickle: pass it to those "
        "who trust you.",
    ),
    export_formats.BUNDLE: Offer(
        "Runs (.zip)", "The runs themselves with weights and scores. Another server imports them."
    ),
}


def show(records: Sequence[RunRecord]) -> None:
    """The section for the selected runs, or for those of the tray; nothing where none of them is finished."""
    is_tray = not records
    if is_tray:
        records = [run.record for run in tray.chosen_runs()]
    done = [record for record in records if record.is_readable and record.state == keys.DONE]
    if not done:
        return
    st.subheader("Export", anchor=False)
    if is_tray:
        st.caption(
            inert.markdown(f"No row is selected. These are the runs of the sidebar: {wording.listed(names_of(done))}.")
        )
    elif len(done) < len(records):
        st.caption(
            f"{wording.counted(len(done), 'run')} of {len(records)} can be exported: the others are not finished."
        )
    titles = {offer.title: kind for kind, offer in OFFERS.items()}
    title = controls.pick("Export as", list(titles), "export_kind", width=360)
    assert title is not None  # there are options
    kind = titles[title]
    st.caption(inert.markdown(_described(kind, len(done))))
    _section(done, kind)


def _described(kind: str, n_runs: int) -> str:
    several = " One for each run, in a zip." if kind in export_formats.OF_ONE_RUN and n_runs > 1 else ""
    return OFFERS[kind].words + several


def _section(records: Sequence[RunRecord], kind: str) -> None:
    """The one of these that fits: a button that writes the file, how it goes, or the file."""
    if kind == export_formats.REPORT and len(records) > export_formats.MOST_IN_REPORT:
        st.info(f"A report shows up to {export_formats.MOST_IN_REPORT} runs. Select fewer.")
        return
    busy = exports_in_background.under_way(current_home())
    if busy and busy.get("kind") == kind and busy.get("run_ids") == [record.run_id for record in records]:
        st.fragment(_wait, run_every=LOOK_EVERY_SECONDS)()
        return
    found = exports_in_background.prepared(current_home(), records, kind)
    if found.is_ready:
        _file(found, kind)
        return
    if found.error:
        st.error(inert.markdown(found.error))
    st.button(
        "Write the file" if not found.error else "Try again",
        key="export_start",
        disabled=bool(busy),
        on_click=_start,
        args=(records, kind),
        icon=":material/draft:",
    )
    if busy:
        st.fragment(_wait_for_other, run_every=LOOK_EVERY_SECONDS)()


def _file(found: exports_in_background.ExportedFile, kind: str) -> None:
    st.download_button(
        inert.markdown(f"Download {found.path.name} ({wording.size(found.path.stat().st_size)})"),
        found.path.read_bytes,
        file_name=found.path.name,
        mime="application/zip" if found.path.suffix == ".zip" else OFFERS[kind].mime,
        key="export_file",
        type="primary",
        icon=":material/download:",
        on_click="ignore",
    )
    if found.note:
        st.info(inert.markdown(found.note))
    st.caption(inert.markdown(f"On the server it is {found.path}. Files there make room for newer ones."))


@guarded
def _start(records: Sequence[RunRecord], kind: str) -> None:
    exports_in_background.start(current_home(), records, kind)


@guarded
def _wait() -> None:
    busy = exports_in_background.under_way(current_home())
    if not busy:
        st.rerun(scope="app")
    elapsed = wording.duration(time.time() - busy.get("started", time.time()))
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(
            f":material/hourglass_top: Writing the file, {inert.markdown(elapsed)} so far. It goes on if you leave."
        )
        st.button(
            "Stop", key="export_stop", on_click=exports_in_background.stop, args=(current_home(),), type="tertiary"
        )


@guarded
def _wait_for_other() -> None:
    if not exports_in_background.under_way(current_home()):
        st.rerun(scope="app")
    st.caption("Another file is being written. This one can be next.")


# --- Runs from another server -----------------------------------------------------------------------------------------


def import_form() -> None:
    """Take in the runs of a zip that another server wrote."""
    with st.popover("Import runs", icon=":material/upload:"):
        uploaded = st.file_uploader("A .zip that `semafo export` or another Runs page wrote", type="zip", key="import")
        st.caption("Runs that are here already are kept. A large file is quicker on the command line:")
        st.code("python -m semafo import FILE.zip", language="bash")
        if uploaded is not None and uploaded.file_id != st.session_state.get("imported_file"):
            _take(uploaded)
        said = st.session_state.get("import_said")
        if said and uploaded is not None:
            st.success(inert.markdown(said))


@guarded
def _take(uploaded: "st.runtime.uploaded_file_manager.UploadedFile") -> None:
    st.session_state.pop("import_said", None)
    st.session_state["imported_file"] = uploaded.file_id  # not again at every drawing
    taken = archive_import.read_bundle(current_home(), uploaded)
    launch.ensure_engine(current_home())
    st.session_state["import_said"] = taken.words
