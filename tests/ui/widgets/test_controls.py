"""Widgets whose value is kept in the session and in the URL."""

from streamlit.testing.v1 import AppTest


def page():
    import streamlit as st

    from semafo.ui.widgets import controls

    genes = st.session_state.get("genes", ["CD3D", "MS4A1", "NKG7"])
    colouring = controls.choice("Colour", ["True type", "Batch"], "colouring")
    gene = controls.pick("Gene", genes, "gene")
    rings = controls.switch("Rings", "rings")
    st.write(f"{colouring}, {gene}, {rings}")
    chosen = {"colouring": "Batch", "gene": "NKG7", "rings": True}
    st.button("Choose", on_click=st.session_state.update, args=(chosen,))
    st.button("Back", on_click=st.session_state.update, args=({"colouring": "True type"},))


def open_it(**query):
    app = AppTest.from_function(page)
    app.query_params.update(query)
    return app.run()


def shown(app):
    assert not app.exception
    return app.markdown[0].value


def test_defaults_are_left_out_of_the_url():
    app = open_it()
    assert shown(app) == "True type, CD3D, False"
    assert app.query_params == {}


def test_what_the_program_chooses_stands_in_the_url_and_leaves_it_with_the_default():
    app = open_it()
    app.button[0].click().run()
    assert shown(app) == "Batch, NKG7, True"
    assert app.query_params == {"colouring": "Batch", "gene": "NKG7", "rings": "true"}
    app.button[1].click().run()
    assert app.query_params == {"gene": "NKG7", "rings": "true"}


def test_a_link_opens_the_same_view_in_a_new_session():
    app = open_it(colouring="Batch", gene="MS4A1", rings="true")
    assert shown(app) == "Batch, MS4A1, True"
    assert app.query_params == {"colouring": "Batch", "gene": "MS4A1", "rings": "true"}


def test_unknown_values_in_the_url_are_ignored_and_taken_out():
    app = open_it(colouring="Mood", gene="'; drop table", rings="perhaps")
    assert shown(app) == "True type, CD3D, False"
    assert app.query_params == {}


def test_an_option_that_is_gone_gives_way_to_the_first():
    app = open_it(gene="NKG7")
    app.session_state["genes"] = ["LYZ", "CD3D"]
    assert shown(app.run()).split(", ")[1] == "LYZ"


def test_a_select_without_options_has_no_value():
    app = AppTest.from_function(page)
    app.session_state["genes"] = []
    assert shown(app.run()) == "True type, None, False"
