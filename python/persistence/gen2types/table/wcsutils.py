"""Positions of records on the sky, and on the image, by a WCS."""

from __future__ import annotations

from typing import Any

import numpy as np

from persistence.gen2types.coordinates import Point2D


def updateRefCentroids(wcs: Any, refList: Any) -> None:
    """Set the image positions of reference sources: ``centroid`` and ``hasCentroid``.

    Parameters
    ----------
    wcs : `SkyWcs`
        The WCS of the image.
    refList : `SimpleCatalog` or iterable of `SimpleRecord`
        The reference sources.
    """
    records = list(refList)
    for record, pixel in zip(
        records, wcs.skyToPixel([record.getCoord() for record in records]), strict=True
    ):
        record.set("centroid_x", pixel[0])
        record.set("centroid_y", pixel[1])
        if "hasCentroid" in record.schema:
            record.set("hasCentroid", bool(np.isfinite(pixel[0]) and np.isfinite(pixel[1])))


def updateSourceCoords(wcs: Any, sourceList: Any, include_covariance: bool = True) -> None:
    """Set the sky positions of sources, from their centroids.

    Parameters
    ----------
    wcs : `SkyWcs`
        The WCS of the image.
    sourceList : `SourceCatalog` or iterable of `SourceRecord`
        The sources.
    include_covariance : `bool`, optional
        Ignored; accepted for compatibility with old scripts: no errors are set.
    """
    records = list(sourceList)
    pixels = [Point2D(record.getX(), record.getY()) for record in records]
    for record, position in zip(records, wcs.pixelToSky(pixels), strict=True):
        record.setCoord(position)
