"""Pictures of few colours, which take a third of the room. Needs Pillow, as matplotlib does."""

from __future__ import annotations

from pathlib import Path

from PIL import Image


def shrink(path: str | Path, colours: int = 160) -> None:
    """Write a picture again, with few colours."""
    with Image.open(path) as whole:
        few = whole.convert("RGB").quantize(
            colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE
        )
        few.save(path, optimize=True)
