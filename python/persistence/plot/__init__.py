"""Figures of datasets and of what tasks measure; matplotlib is imported when one is drawn.

``from persistence import plot``, then ``plot.exposure(...)``, ``plot.mosaic(...)``,
``plot.coverage(...)``, ``plot.depth(...)``, ``plot.tract(...)`` and ``plot.timeline(...)``; each
returns a `matplotlib.figure.Figure`, which a notebook shows, and ``savefig`` writes.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.plot.datasets import exposure as exposure
    from persistence.plot.datasets import timeline as timeline
    from persistence.plot.depthmaps import depth as depth
    from persistence.plot.focalplane import mosaic as mosaic
    from persistence.plot.sky import coverage as coverage
    from persistence.plot.tracts import tract as tract

_MODULE_OF = {
    "coverage": "sky",
    "depth": "depthmaps",
    "exposure": "datasets",
    "mosaic": "focalplane",
    "timeline": "datasets",
    "tract": "tracts",
}
__all__ = ["coverage", "depth", "exposure", "mosaic", "timeline", "tract"]


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_MODULE_OF[name]}"), name)
