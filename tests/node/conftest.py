"""What the tests of switchboards share."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from node.boards import Boards


@pytest.fixture
def boards(tmp_path: Path) -> Iterator[Boards]:
    """Give what makes switchboards; they are closed when the test is over."""
    made = Boards(tmp_path)
    yield made
    for board in made.made:
        board.close()
