"""Other people's words, made inert: one function for each place that text goes to.

Names of types, batches, genes, columns, files and runs, notes, tags, warnings and reasons come from files that anybody
may have written, and from addresses. Whatever they hold, they are shown as they are: they format nothing, load nothing,
lead nowhere and run nothing.
"""

import json
import re
import unicodedata
from collections.abc import Iterable
from html import escape
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import pandas as pd

_JOINER = "\u2060"  # takes no room, and keeps apart what would be read as one
_SPECIAL = re.compile(r"([\\`*\[\]<>$~|])")
_LONE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")  # one within a word emphasises nothing
_ENTITY = re.compile(r"&(?=#?\w+;)")
_BLOCK = re.compile(r"^(\s*)([#+=-])", re.MULTILINE)
_NUMBERED = re.compile(r"^(\s*\d+)([.)])(?=\s|$)", re.MULTILINE)
_INDENT = re.compile(r"^ {2,}", re.MULTILINE)  # which would make code of a line
_COLON = re.compile(r":(?=\S)")  # directives, icons, emoji and addresses
_ADDRESS = re.compile(r"(?<=\bwww)(?=\.)|(?<=\w)(?=@)", re.IGNORECASE)
_ARROW = re.compile(r"(?<=<|-)(?=-)|(?<=-|=|~|<)(?=>)|(?<=[<>~])(?==)")  # which Streamlit sets as one sign
_FORMULA = re.compile(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]")  # the last four: the same signs, set wider
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
_LONGEST_FILE_NAME = 80  # characters; systems take 255 bytes with the extension


class Markdown(str):
    """Markdown of our own making, in which other people's words are inert already."""

    __slots__ = ()


class Html(str):
    """HTML or SVG of our own making, in which other people's words are inert already."""

    __slots__ = ()


class FigureText(str):
    """Plotly's markup of our own making, in which other people's words are inert already."""

    __slots__ = ()


def visible(text: object, *, lines: bool = False) -> str:
    """Text without characters that change others: control characters, and those that turn the direction of writing.

    lines: whether line breaks stay; otherwise each is a space.
    """
    kept = (_BLANK if lines else _BREAK).sub(" ", str(text))
    if kept.isprintable():  # as nearly all are
        return kept
    return "".join(letter if _is_visible(letter) else "\ufffd" for letter in kept)


def _is_visible(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return letter == "\n" or (kind not in {"Cc", "Cs"} and letter not in _TURNS)


_BREAK = re.compile(r"[\t-\r\x1c-\x1f\x85\u2028\u2029]")
_BLANK = re.compile(r"[\t\x0b-\r\x1c-\x1f\x85\u2028\u2029]")  # the same without line breaks
_TURNS = frozenset("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069\u200e\u200f\u061c\u2028\u2029")


def markdown(*texts: object, between: str = " ") -> Markdown:
    """Texts as Streamlit's Markdown shows them letter by letter; what is `Markdown` already is left as it is.

    Lines stay apart. No emphasis, link, image, formula, icon, emoji, colour, list, heading or HTML comes of it, and no
    address becomes a link.
    """
    return Markdown(between.join(map(_markdown, texts)))


def _markdown(text: object) -> str:
    if isinstance(text, Markdown):
        return text
    found = _ARROW.sub(_JOINER, _INDENT.sub(" ", visible(text, lines=True)))
    found = _ADDRESS.sub(_JOINER, _COLON.sub(f":{_JOINER}", found))
    found = _LONE_UNDERSCORE.sub(r"\\_", _SPECIAL.sub(r"\\\1", found))
    found = _NUMBERED.sub(r"\1\\\2", _BLOCK.sub(r"\1\\\2", _ENTITY.sub(r"\\&", found)))
    return re.sub(r"\n+", "  \n", found.strip("\n"))


def html(*texts: object, between: str = "") -> Html:
    """Texts for an HTML or SVG document, also within an attribute's quotation marks; `Html` is left as it is."""
    return Html(between.join(text if isinstance(text, Html) else escape(visible(text)) for text in texts))


def plotly(*texts: object, between: str = "") -> FigureText:
    """Texts for anything that plotly draws: titles, ticks, legends, hover texts and templates of these.

    `FigureText` is left as it is.
    """
    return FigureText(between.join(text if isinstance(text, FigureText) else _plotly(text) for text in texts))


def each(texts: Iterable[object]) -> list[FigureText]:
    """`plotly` of each text."""
    return [plotly(text) for text in texts]


def _plotly(text: object) -> str:
    return escape(visible(text), quote=False).replace("%{", "&#37;{").replace("$", "&#36;")


def notebook(text: object) -> str:
    """Text for a Markdown cell of a notebook, which may render HTML and formulas too."""
    return re.sub(r"([\\`*_{}\[\]()<>#+\-.!|$~&:=@])", r"\\\1", visible(text))


def docstring(text: object) -> str:
    """Text that cannot end the docstring, or the comment, that it stands in."""
    return visible(text, lines=True).replace("\\", "/").replace('"', "'")


def csv(table: "pd.DataFrame", *, index: bool = False) -> str:
    """A table as comma-separated values. Texts that a spreadsheet would take for a formula begin with an apostrophe."""
    found = table.reset_index() if index else table
    columns = [_no_formula(name) for name in found.columns]
    text: str = found.map(_no_formula).set_axis(columns, axis=1).to_csv(index=False)
    return text


def _no_formula(value: object) -> object:
    if isinstance(value, str) and _FORMULA.match(value) and not _NUMBER.fullmatch(value.strip()):
        return f"'{value}"
    return value


def terminal(text: object) -> str:
    """Text for a terminal, which cannot move its cursor, colour it or write to its clipboard."""
    return visible(text, lines=True)


def as_json(value: object) -> str:
    """JSON in one line, for a terminal too: what cannot be seen is written as its number."""
    text = json.dumps(value, ensure_ascii=False)
    return "".join(letter if _is_visible(letter) else f"\\u{ord(letter):04x}" for letter in text)


def file_name(text: object, otherwise: str = "table") -> str:
    """Text as the name of a file: letters, digits, dots and dashes, in no other folder and hidden in none."""
    return re.sub(r"[^A-Za-z0-9.-]+", "-", str(text)).strip("-.")[:_LONGEST_FILE_NAME].lower() or otherwise
