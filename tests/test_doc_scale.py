"""The arithmetic of doc/scale.rst is done again."""

from __future__ import annotations

import doctest
from pathlib import Path

PAGE = Path(__file__).parents[1] / "doc" / "scale.rst"


def test_what_is_computed_on_the_page_is_so() -> None:
    result = doctest.testfile(str(PAGE), module_relative=False, optionflags=doctest.ELLIPSIS)
    assert result.failed == 0
    assert result.attempted > 10
