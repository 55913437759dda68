"""What people say about runs: the name, tags and notes of one, and tags for several."""

from collections.abc import Sequence

import streamlit as st

from semafo import inert, wording
from semafo.runs.folder.name_tags_notes import LONGEST_NAME, LONGEST_NOTES, MOST_TAGS
from semafo.runs.folder.run_record import RunRecord
from semafo.runs.library import search as run_search
from semafo.ui.session.home import all_rows, current_home
from semafo.ui.shell.errors import guarded

_TAGS_HELP = "Short words to find runs by. Type a new one and press Enter."


def said(record: RunRecord) -> None:
    """Tags and notes as they are, and a button to change them."""
    about = record.about
    if about.tags:
        st.markdown(" ".join(f":gray-badge[{inert.markdown(tag)}]" for tag in about.tags))
    if about.notes:
        st.text(about.notes)


def edit_button(record: RunRecord) -> None:
    """A form for name, tags and notes."""
    with st.popover("Name, tags, notes", icon=":material/edit:"):
        about, key = record.about, record.run_id
        with st.form(f"about-{key}", border=False):
            st.text_input(
                "Name",
                about.name or "",
                max_chars=LONGEST_NAME,
                key=f"name-{key}",
                placeholder=record.default_title,
                help="Stands for the run on every page. Its settings stay beside it.",
            )
            _tags("Tags", f"tags-{key}", about.tags)
            st.text_area("Notes", about.notes, max_chars=LONGEST_NOTES, key=f"notes-{key}", height=90)
            st.form_submit_button("Save", type="primary", on_click=_save, args=(key,))


def tag_button(records: Sequence[RunRecord]) -> None:
    """A form that gives several runs the same tags, or takes them away."""
    present = list(dict.fromkeys(tag for record in records for tag in record.about.tags))
    with st.popover("Tags", icon=":material/label:"), st.form("tag-several", border=False):
        _tags("Add", "tags-to-add", ())
        st.multiselect("Remove", present, key="tags-to-remove", disabled=not present)
        run_ids = [record.run_id for record in records]
        st.form_submit_button(
            f"Save for {wording.counted(len(records), 'run')}", type="primary", on_click=_tag, args=(run_ids,)
        )


def _tags(label: str, key: str, default: Sequence[str]) -> None:
    known = dict.fromkeys([*default, *run_search.tags_of(all_rows())])
    st.multiselect(
        inert.markdown(label),
        list(known),
        list(default),
        key=key,
        accept_new_options=True,
        max_selections=MOST_TAGS,
        help=_TAGS_HELP,
        placeholder="None yet" if not known else "Choose or type",
    )


@guarded
def _save(run_id: str) -> None:
    values = {name: st.session_state[f"{name}-{run_id}"] for name in ("name", "tags", "notes")}
    run_search.annotate(current_home(), run_id, **values)


@guarded
def _tag(run_ids: Sequence[str]) -> None:
    add, remove = st.session_state["tags-to-add"], st.session_state["tags-to-remove"]
    for run_id in run_ids:
        run_search.tag(current_home(), run_id, add, remove)
    st.session_state["tags-to-add"] = st.session_state["tags-to-remove"] = []
