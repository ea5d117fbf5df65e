"""World coordinate systems as AST itself writes them: what afw stores."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest


class Sink:
    """Keeps the lines that AST writes."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def astsink(self, line: str) -> None:
        self.lines.append(line)


@pytest.fixture(scope="session")
def ast() -> Any:
    """Return AST itself."""
    return pytest.importorskip("starlink.Ast", reason="starlink-pyast is not installed")


@pytest.fixture(scope="session")
def as_afw_has_it(ast: Any) -> Callable[..., tuple[str, Any]]:
    """Return a function that makes of a header the text that afw stores, and AST's own object.

    Pixels are counted from 0.
    """

    def make(header: Any) -> tuple[str, Any]:
        cards = [str(card) for card in header.cards if len(str(card)) == 80]
        frames = ast.FitsChan(cards, None, "Encoding=FITS-WCS, IWC=1").read()
        sky = frames.Current
        frames.addframe(frames.Base, ast.ShiftMap([-1, -1]), ast.Frame(2, "Domain=PIXELS"))
        frames.Base, frames.Current = frames.Nframe, sky
        sink = Sink()
        ast.Channel(None, sink, "Full=-1, Comment=0, Indent=0").write(frames)
        return "1 SkyWcs 0 " + "\n".join(sink.lines), frames

    return make
