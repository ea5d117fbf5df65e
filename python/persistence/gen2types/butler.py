"""Gen2's Butler: it hands out afw's method names."""

from __future__ import annotations

from typing import ClassVar

from persistence.butler import butler


class Butler(butler.Butler):
    """A `persistence.Butler` that hands out objects with afw's method names.

    It is what ``lsst.daf.persistence.Butler`` stands for; with ``types="astropy"`` it hands out
    what `persistence.Butler` does.
    """

    default_types: ClassVar[str] = "gen2"
