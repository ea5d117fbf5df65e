"""Whether the name of a filter is that of a band or of a piece of glass, where only it is known."""

from __future__ import annotations

import re
from typing import Protocol

# How afw tells them apart. Source: afw-files 1.6.
_BAND = re.compile(r"[ugrizy]|SH|PH|VR|white|N\d+|I\d\d+")


class Label(Protocol):
    """A filter's names."""

    @property
    def name(self) -> str: ...

    @property
    def band(self) -> str | None: ...

    @property
    def physical(self) -> str | None: ...


def band_and_physical(label: Label) -> tuple[str | None, str | None]:
    """Return the band and the physical filter of a label, one of which its name is at least."""
    if label.band or label.physical:
        return label.band, label.physical
    return (label.name, None) if _BAND.fullmatch(label.name) else (None, label.name)
