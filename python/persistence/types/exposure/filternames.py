"""The decision whether a filter's only name is that of a band or of a physical filter."""

from __future__ import annotations

import re
from typing import Protocol

# afw's distinction. Source: afw-files 1.6.
_BAND = re.compile(r"[ugrizy]|SH|PH|VR|white|N\d+|I\d\d+")


class Label(Protocol):
    """The names of a filter."""

    @property
    def name(self) -> str: ...

    @property
    def band(self) -> str | None: ...

    @property
    def physical(self) -> str | None: ...


def band_and_physical(label: Label) -> tuple[str | None, str | None]:
    """Return the band and the physical filter of a label, one of which may be its only name."""
    if label.band or label.physical:
        return label.band, label.physical
    return (label.name, None) if _BAND.fullmatch(label.name) else (None, label.name)
