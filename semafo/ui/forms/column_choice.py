"""The obs columns that a label or a batch can be chosen from, as lists show them."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import streamlit as st

from semafo import wording


def described(columns: Sequence[Mapping[str, Any]]) -> Callable[[str], str]:
    """How a list shows the name of a column: `louvain (8 values)`."""
    texts = {column["name"]: f"{column['name']} ({wording.counted(column['n_values'], 'value')})" for column in columns}
    return lambda name: texts.get(name, name)


def say_where_none_fits(columns: Sequence[Mapping[str, Any]]) -> None:
    """Why there is nothing to choose, where there is not."""
    if not columns:
        st.caption(
            "No column of obs can be a label or a batch: these are text, whole numbers or flags with two or more "
            "values, not another one in each cell."
        )
