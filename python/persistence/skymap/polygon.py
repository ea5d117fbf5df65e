"""Polygons on the sky as ``lsst.sphgeom`` has them, for who has it (the extra ``sky``)."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import MissingExtra


def polygon(corners: NDArray[np.float64]) -> Any:
    """Make an `lsst.sphgeom.ConvexPolygon` of corners: unit vectors, shape (corners, 3).

    Raises
    ------
    MissingExtra
        If ``lsst-sphgeom`` is not installed.
    """
    try:
        import lsst.sphgeom as sphgeom
    except ImportError as error:
        raise MissingExtra("lsst-sphgeom", "sky", "a polygon of lsst.sphgeom") from error
    return sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*one) for one in corners.tolist()])
