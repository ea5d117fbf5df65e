"""Polygons on the sky as objects of ``lsst.sphgeom``, which the extra ``sky`` installs."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.files import extras


def polygon(corners: NDArray[np.float64]) -> Any:
    """Return an `lsst.sphgeom.ConvexPolygon` with corners: unit vectors, shape (corners, 3).

    Raises
    ------
    MissingExtra
        If ``lsst-sphgeom`` is not installed.
    """
    with extras.needed("lsst.sphgeom", "a polygon of lsst.sphgeom"):
        import lsst.sphgeom as sphgeom
    return sphgeom.ConvexPolygon([sphgeom.UnitVector3d(*one) for one in corners.tolist()])
