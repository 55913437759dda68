"""Labels that seem to say that a type is not known."""

import pytest

from semafo.data.reading.no_types import is_no_type


@pytest.mark.parametrize(
    "name", ["Unknown", "UNASSIGNED", "N/A", "n.a.", "not_available", "unknown cell type", "Unlabeled", "?", "-1"]
)
def test_these_say_that_the_type_is_not_known(name):
    assert is_no_type(name)


@pytest.mark.parametrize("name", ["NK", "naive T", "doublet", "other", "1", "-10", "native cell", "unknown B", "Nd4+"])
def test_these_are_types(name):
    assert not is_no_type(name)
