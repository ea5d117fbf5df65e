"""Tables on a terminal."""

from __future__ import annotations

import contextlib
import io
import re
import sys
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from persistence.cli import output, terminal

ROWS = [
    {"name": "calexp", "files": 12, "template": "%(visit)07d/calexp/calexp-%(visit)07d_%(ccdnum)02d.fits"},
    {"name": "[red]src[/]", "files": 7, "template": "short"},
]  # fmt: skip
_ESCAPE = re.compile(r"\x1b\[[0-9;]*m")


class Screen(io.StringIO):
    def isatty(self) -> bool:
        return True


@pytest.fixture(autouse=True)
def _terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def shown(rows: Any = ROWS, columns: Sequence[str] = ()) -> str:
    """Return what a terminal gets of a table."""
    with contextlib.redirect_stdout(Screen()) as screen:
        if columns:
            output.stream(rows, "table", columns)
        else:
            output.write(rows, "table")
    return screen.getvalue()


@pytest.mark.parametrize("width", [40, 80, 200])
def test_a_table_fits_the_terminal_and_loses_nothing(
    monkeypatch: pytest.MonkeyPatch, width: int
) -> None:
    monkeypatch.setenv("COLUMNS", str(width))
    lines = _ESCAPE.sub("", shown()).splitlines()
    assert max(map(len, lines)) <= width
    assert "[red]src[/]" in lines[-1]
    assert lines[-1].split() == ["[red]src[/]", "7", "short"]
    columns = [line[lines[0].index("template") :] for line in lines[1:-1]]
    assert "".join(columns) == ROWS[0]["template"]
    assert (len(lines) == 3) == (width >= 80)


def test_colours_are_on_a_terminal_but_not_with_no_color(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "\x1b[1;36mname" in shown()
    monkeypatch.setenv("NO_COLOR", "1")
    assert not re.search("\x1b\\[[0-9;]*3[0-9]", shown())


def test_a_pipe_has_no_escapes(capsys: pytest.CaptureFixture[str]) -> None:
    output.write(ROWS, "table")
    assert "\x1b" not in capsys.readouterr().out


def test_without_rich_a_table_is_plain(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert shown().splitlines()[2] == "[red]src[/]      7  short"


def test_rows_behind_the_first_ones_follow_without_a_header() -> None:
    rows = ((number, "x" * (1 + number % 7)) for number in range(1200))
    lines = _ESCAPE.sub("", shown(rows, ["n", "x"])).splitlines()
    assert [line.split()[0] for line in lines] == ["n", *map(str, range(1200))]


# A busy machine is no fault of what is tested.
@settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
@example([9, 1, 1, 1, 1, 1, 6, 8], 27)
@example([30, 60, 5], 60)
@example([3], 1)
@given(st.lists(st.integers(1, 300), min_size=1, max_size=9), st.integers(1, 300))
def test_columns_are_narrowed_only_as_far_as_needed(widths: list[int], room: int) -> None:
    narrow = terminal.fitted(widths, room)
    assert all(new <= old and new >= min(old, 8) for new, old in zip(narrow, widths, strict=True))
    if sum(widths) <= room:
        assert narrow == widths
    elif sum(min(width, 8) for width in widths) <= room:
        assert room - len(widths) < sum(narrow) <= room
