"""``persistence at``: what lies at a position, in the shell."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence.cli import at, main

pytest.importorskip("lsst.sphgeom")


@pytest.mark.parametrize(
    ("text", "degrees"),
    [("1", 1), ("1d", 1), ("30m", 0.5), ("36s", 0.01), ("-0.5", -0.5), (".5m", 1 / 120)],
)
def test_an_angle_has_a_unit(text: str, degrees: float) -> None:
    assert at.angle(text) == pytest.approx(degrees)


@pytest.mark.parametrize("text", ["", "m", "1x", "nan", "1 m", "10:00:00"])
def test_what_is_no_angle_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".*"):
        at.angle(text)


def run(*words: str) -> int:
    """Run the command."""
    return main.main(list(words))


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ([], "expected RA and DEC"),
        (["--overlaps", "tract"], "KEY=VALUE"),
        (["1", "2", "--overlaps", "visit=1"], "not both"),
        (["1", "2x"], "invalid angle"),
        (["1", "91"], "-90 to 90"),
        (["1", "2", "--radius", "181"], "0 to 180"),
        (["1", "2", "--type", "calxep"], "calexp"),
    ],
)
def test_what_is_mistyped_is_refused(
    root: Path, capsys: pytest.CaptureFixture[str], words: list[str], message: str
) -> None:
    try:
        status = run("at", str(root), *words)
    except SystemExit as error:
        status = int(str(error.code))
    assert status == 2
    assert message in capsys.readouterr().err


def test_nothing_there_is_said(root: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("at", str(root), "1", "2", "--type", "raw") == 1
    assert "none is here" in capsys.readouterr().err
