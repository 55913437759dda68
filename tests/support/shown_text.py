"""Where pages hand text to what formats it, and whether other people's words can get there as they are."""

import ast
from collections.abc import Iterator

# Arguments that Streamlit reads as Markdown: by place, and by name.
BY_PLACE = {
    *("caption", "markdown", "write", "warning", "error", "info", "success", "toast", "title", "header", "subheader"),
    *("button", "download_button", "link_button", "form_submit_button", "checkbox", "toggle", "selectbox"),
    *(
        "multiselect",
        "slider",
        "select_slider",
        "number_input",
        "text_input",
        "text_area",
        "radio",
        "pills",
        "segmented_control",
    ),
    *("file_uploader", "expander", "popover", "metric", "spinner", "status", "dialog", "badge", "tabs"),
}
BY_NAME = {
    **{name: {"body", "label", "help"} for name in BY_PLACE},
    "page_link": {"label", "help"},
    "progress": {"text"},
}
OPTIONS = {"radio", "pills", "segmented_control"}  # what they offer is Markdown too
OTHERS = {"inert", "_LOGGER", "_logger", "log", "logger", "buffer", "handle", "sys"}  # no Streamlit behind these names
INERT = {"markdown", "html", "plotly", "each", "terminal", "as_json"}  # of semafo.inert
MARKED = {"Markdown", "Html", "FigureText"}  # likewise: what is written in them is of our own making
# Functions of our own whose text has no word of anybody else.
OURS = {
    *("wording.count", "wording.counted", "wording.cells", "wording.numbered", "wording.percent", "wording.score"),
    *("wording.points", "wording.points_interval", "wording.interval", "wording.accuracy", "wording.duration"),
    *("wording.about", "wording.size", "wording.p_value", "len", "colours.swatch"),
}
# What libraries make whole: plotly itself, its drawings and figures, and tables whose cells were made inert.
MADE_WHOLE = {"get_plotlyjs", "drawing.decode", "spec.replace", "cells.to_html"}
MARKUP = ("<", "%{")
# Of a figure: what plotly draws as text. Templates have markup of our own and are found by it.
DRAWN = {"name", "text", "ticktext", "hovertext", "title_text"}


def went_round(source: str) -> list[str]:
    """`line: code` of every text that formats and was not made inert."""
    tree = ast.parse(source)
    found = [*_of_streamlit(tree), *_of_own_markup(tree), *_of_figures(tree)]
    return [f"{node.lineno}: {ast.unparse(node)[:110]}" for node in sorted(set(found), key=lambda node: node.lineno)]


def printed_as_it_is(source: str) -> list[str]:
    """The same of everything that a command prints."""
    calls = [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.Call)]
    printed = [text for call in calls if ast.unparse(call.func) in ("click.echo", "print") for text in call.args[:1]]
    return [f"{text.lineno}: {ast.unparse(text)}" for text in printed if not _is_ours(text)]


def _of_streamlit(tree: ast.AST) -> Iterator[ast.expr]:
    others = OTHERS | set(_own_modules(tree))
    for node in ast.walk(tree):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if _last_name(node.func.value) in others:
            continue
        name = node.func.attr
        shown = [*(node.args[:1] if name in BY_PLACE else [])]
        shown += [one.value for one in node.keywords if one.arg in BY_NAME.get(name, {"help"})]
        if name in OPTIONS:
            shown += _options(node)
        yield from (text for text in shown if not _is_ours(text))


def _own_modules(tree: ast.AST) -> Iterator[str]:
    """Names of what is imported from the package: their functions see to their own texts."""
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("semafo"):
            yield from (alias.asname or alias.name for alias in node.names)


def _last_name(node: ast.expr) -> str:
    return node.id if isinstance(node, ast.Name) else node.attr if isinstance(node, ast.Attribute) else ""


def _options(call: ast.Call) -> list[ast.expr]:
    """What an option is shown as: made inert by `format_func`, or else the options themselves."""
    keywords = {one.arg: one.value for one in call.keywords}
    if "format_func" in keywords:
        shown = keywords["format_func"]
        is_inert = ast.unparse(shown) == "inert.markdown" or _is_ours(shown)
        return [] if is_inert or (isinstance(shown, ast.Attribute) and _is_constant(shown.value)) else [shown]
    return call.args[1:2] or ([keywords["options"]] if "options" in keywords else [])


def _of_own_markup(tree: ast.AST) -> Iterator[ast.expr]:
    """Parts of texts with markup of our own: HTML's and plotly's tags, and `Markdown`."""
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr) and _has_markup(node):
            yield from (part for part in _parts(node) if not _is_ours(part))
        elif isinstance(node, ast.Call) and ast.unparse(node.func).split(".")[-1] in MARKED:
            yield from (text for text in node.args if not _is_ours(text))


def _of_figures(tree: ast.AST) -> Iterator[ast.expr]:
    """What traces, axes and annotations say, where a module makes any."""
    if not any(isinstance(node, ast.alias) and node.name.startswith("plotly") for node in ast.walk(tree)):
        return
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg in DRAWN and not _is_ours(node.value):
            yield node.value
        elif isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if isinstance(key, ast.Constant) and key.value in DRAWN and not _is_ours(value):
                    yield value


def _has_markup(text: ast.JoinedStr) -> bool:
    ours = "".join(part.value for part in text.values if isinstance(part, ast.Constant))
    return any(mark in ours for mark in MARKUP)


def _parts(text: ast.JoinedStr) -> list[ast.expr]:
    return [part for part in text.values if isinstance(part, ast.FormattedValue)]


def _is_ours(node: ast.expr) -> bool:
    """Whether nobody else's word is in a text, or every such word was made inert."""
    if isinstance(node, ast.Call):
        return _is_call_of_ours(node)
    if isinstance(node, ast.FormattedValue) and node.format_spec is not None:
        return True  # a number
    parts = _what_is_shown(node)
    return _is_constant(node) if parts is None else all(map(_is_ours, parts))


def _what_is_shown(node: ast.expr) -> list[ast.expr] | None:
    """Expressions of which a text is made; None where it is made of none."""
    match node:
        case ast.Constant():
            return []
        case ast.FormattedValue() | ast.Subscript(value=ast.JoinedStr()):
            return [node.value]
        case ast.JoinedStr() | ast.BoolOp(op=ast.Or()):
            return node.values
        case ast.BoolOp():
            return node.values[-1:]  # the others are shown where they are empty
        case ast.IfExp():
            return [node.body, node.orelse]
        case ast.BinOp():
            return [node.left, node.right]
        case ast.List() | ast.Tuple() | ast.Set():
            return node.elts
        case ast.ListComp() | ast.GeneratorExp():
            return [node.elt]
        case ast.Lambda():
            return [node.body]
    return None


def _is_call_of_ours(call: ast.Call) -> bool:
    name = ast.unparse(call.func)
    if name in OURS | MADE_WHOLE or name in {f"inert.{kind}" for kind in INERT | MARKED}:
        return True
    return isinstance(call.func, ast.Attribute) and call.func.attr == "join" and all(map(_is_ours, call.args))


def _is_constant(node: ast.expr) -> bool:
    """A name in capitals, or a part of one: `TITLES[kind]`, `style.WIDE`; `numbers` is what it is called."""
    if isinstance(node, ast.Subscript):
        return _is_constant(node.value)
    if isinstance(node, ast.Call | ast.Starred):
        return False
    return _last_name(node).lstrip("_").isupper() or _last_name(node) == "numbers"
