"""One Chromium for all tests of a file."""

import pytest

from tests.support.serving import chromium


@pytest.fixture(scope="module")
def browser():
    with chromium() as found:
        yield found
