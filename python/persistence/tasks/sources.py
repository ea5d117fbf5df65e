"""Catalogs of sources, with afw's column names."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from astropy.table import Column
from astropy.units import Quantity
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks import source_columns as columns
from persistence.tasks.apertures import aperture_name as aperture_name
from persistence.tasks.detect_and_measure import Found
from persistence.tasks.families import find
from persistence.tasks.measure import Measured, measure
from persistence.tasks.recognize import Recognized
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import SingleGaussianPsf
from persistence.types.table.catalog import Catalog
from persistence.types.wcs import sphere

_ID_BITS = 64
_LARGEST = 2**63
_ARCSEC = 3600.0
_UNIT = "electron"  # the unit of IsrTask's output
_FAMILY, _SKY = 1, 2  # kinds of rows
_PRIMARY = "detect_isPrimary"


def first_id(exposure_id: int, exposure_bits: int, number: int) -> int:
    """Return the first number of an exposure's sources.

    The exposure's number is in the upper bits (doc/gen2/afw-files.md, 3.5).

    Raises
    ------
    TaskError
        If the exposure's number does not fit, or there are more sources than the remaining bits can
        count.
    """
    rest = _ID_BITS - exposure_bits
    first = (exposure_id << rest) + 1
    if not 0 <= exposure_id < 2**exposure_bits or number >= 2**rest or first + number >= _LARGEST:
        raise TaskError(
            f"{number} sources of exposure {exposure_id} ({exposure_bits} bits) have no numbers of "
            "64 bits"
        )
    return first


def catalog(
    measured: Measured,
    wcs: Any,
    exposure_id: int,
    exposure_bits: int,
    flags: Mapping[str, tuple[Any, str]] = {},
    unit: Any = _UNIT,
    detections: Found | None = None,
) -> Catalog:
    """Return a catalog of measured sources.

    Parameters
    ----------
    measured : `~persistence.tasks.measure.Measured`
        The sources of an exposure.
    wcs : `~astropy.wcs.WCS` or None
        The WCS; without it, sky positions are NaN.
    exposure_id, exposure_bits : `int`
        The values of ``ccdExposureId`` and ``ccdExposureId_bits``.
    flags : mapping [`str`, (array of `bool`, `str`)]
        Further flags, with their descriptions.
    unit : `~astropy.units.UnitBase` or `str`, optional
        The exposure's unit; None if unknown.
    detections : `~persistence.tasks.detect_and_measure.Found`, optional
        The parents of the sources, and sky sources, which have rows of their own.

    Returns
    -------
    table : `~persistence.types.table.catalog.Catalog`
        First all sources without a parent: single ones, parents, and sky sources; then the children
        of each parent. This is afw's order.
    """
    rows = _Rows.of(measured, detections)
    table = Catalog(meta={"aliases": columns.aliases(measured.calib_radius)})
    first = first_id(exposure_id, exposure_bits, rows.order.size)
    table["id"] = Column(first + np.arange(rows.order.size), description="number")
    _set_positions(table, wcs, *(rows.joined(axis) for axis in ("x", "y", "x_error", "y_error")))
    parent = np.where(rows.parent < 0, 0, first + rows.parent)
    table["parent"] = Column(
        parent, description="number of the source that this is a part of, or 0"
    )
    table["deblend_nChild"] = Column(
        rows.children, description="number of children after deblending"
    )
    sky = rows.kind == _SKY
    own = {
        _PRIMARY: (~sky & (rows.children == 0), "it is a source, and has no parts that are"),
        "sky_source": (sky, "it is a place without a source"),
    }
    for name, (values, doc) in own.items():
        table[name] = Column(values, description=doc)
    parts = [list(columns.fields(each, unit)) for each in rows.parts]
    for each in zip(*parts, strict=True):
        values = np.concatenate([field.values for field in each])[rows.order]
        table[each[0].name] = Column(values, unit=each[0].unit, description=each[0].doc)
    for name, (values, doc) in flags.items():
        table[name] = Column(rows.spread(np.asarray(values, bool)), description=doc)
    if detections is not None:
        areas = [0 if each is None else each.area for each in rows.footprints(detections)]
        table["base_FootprintArea_value"] = Column(
            np.array(areas, np.int32), unit="pixel", description="pixels that it was found in"
        )
        table["footprint"] = rows.footprints(detections) if areas else np.zeros(0, np.int32)
    return table


@dataclass(frozen=True, eq=False)
class _Rows:
    """The rows of a catalog.

    Attributes
    ----------
    parts : `list` [`Measured`]
        Sources, families, and places of the sky.
    order : array of `int`
        The rows, in the order of the parts, one behind the other.
    kind : array of `int`
        Which part each row is of.
    parent : array of `int`
        The row of each row's parent, or -1.
    children : array of `int`
    """

    parts: list[Measured]
    order: NDArray[np.int64]
    kind: NDArray[Any]
    parent: NDArray[Any]
    children: NDArray[np.int32]

    @classmethod
    def of(cls, measured: Measured, detections: Found | None) -> _Rows:
        number = measured.x.size
        if detections is None:
            none = np.zeros(number, np.int32)
            orphans = np.full(number, -1, np.int64)
            return cls([measured], np.arange(number), none, orphans, none)
        parts = [measured, detections.parents, detections.sky]
        sizes = [each.x.size for each in parts]
        alone = int(detections.families.alone.sum())
        others = np.arange(number, sum(sizes))
        order = np.concatenate([np.arange(alone), others, np.arange(alone, number)])
        kind = np.repeat(range(len(parts)), sizes)[order]
        parent = np.full(order.size, -1, np.int64)
        parent[alone + others.size :] = alone + detections.families.family[alone:]
        children = np.zeros(order.size, np.int32)
        children[kind == _FAMILY] = detections.families.children
        return cls(parts, order, kind, parent, children)

    def joined(self, name: str) -> Any:
        """Return an attribute of the measurements, for all rows."""
        return np.concatenate([getattr(each, name) for each in self.parts])[self.order]

    def spread(self, flags: Any) -> Any:
        """Return flags of sources for all rows; other rows do not have them."""
        every = np.zeros(self.order.size, bool)
        every[: flags.size] = flags
        return every[self.order]

    def footprints(self, detections: Found) -> Any:
        """Return the footprint of each row; places of the sky have none."""
        every = np.full(self.order.size, None)
        every[: detections.footprints.size] = detections.footprints
        return every[self.order]


def schema(
    radii: Sequence[float], calib_radius: float, flags: Mapping[str, str], kin: bool = False
) -> Catalog:
    """Return a catalog without sources.

    Parameters
    ----------
    radii, calib_radius : sequence of `float`, `float`
        As for `persistence.tasks.measure.measure`.
    flags : mapping [`str`, `str`]
        Further flags, with their descriptions.
    kin : `bool`, optional
        Whether it has columns for parents, and for pixels of sources.
    """
    none, shape = np.zeros(0), (1, 1)
    exposure = Exposure(
        np.zeros(shape, np.float32),
        {},
        mask=Mask(np.zeros(shape, np.int32), {}),
        variance=np.ones(shape, np.float32),
    )
    measured = measure(exposure, none, none, SingleGaussianPsf((9, 9), 1.0), radii, calib_radius)
    detections = None
    if kin:
        _order, families = find(np.zeros(shape, np.int32), 0)
        parts = measured, measured, measured, families, np.zeros(0, object), 0
        detections = Found(exposure, *parts)
    named = {name: (np.zeros(0, bool), doc) for name, doc in flags.items()}
    return catalog(measured, None, 0, 0, named, detections=detections)


def _set_positions(table: Catalog, wcs: Any, x: Any, y: Any, x_error: Any, y_error: Any) -> None:
    """Set where the sources are on the sky (ICRS), and how well that is known.

    The error of the right ascension is that of an arc: of the angle times the cosine of the
    declination. That of the WCS is not in it.
    """
    nan = np.full(len(x), np.nan)
    ra, dec = (nan, nan) if wcs is None else map(np.radians, sphere.of_pixels(wcs, x, y))
    arcs = []
    for right, up in ((1, 0), (0, 1)):
        if wcs is None:
            arcs.append((nan, nan))
            continue
        next_ra, next_dec = map(np.radians, sphere.of_pixels(wcs, x + right, y + up))
        east = np.remainder(next_ra - ra + np.pi, 2 * np.pi) - np.pi
        arcs.append((east * np.cos(dec), next_dec - dec))
    table["coord_ra"], table["coord_dec"] = Quantity(ra, "rad"), Quantity(dec, "rad")
    for axis, by_x, by_y in zip(("ra", "dec"), *arcs, strict=True):
        table[f"coord_{axis}Err"] = Column(
            np.hypot(by_x * x_error, by_y * y_error),
            unit="rad",
            description=f"standard deviation of the position on the sky, {axis}, as an arc",
        )


def match_catalog(sources: Catalog, recognized: Recognized) -> Catalog:
    """Return the catalog of sources that match stars, with the query to find these again.

    Source: doc/gen2/afw-files.md, 3.4.
    """
    ids = np.asarray(sources["id"])[np.asarray(sources[_PRIMARY])]
    stars = recognized.references
    cards = {
        "RA": stars.centre[0],
        "DEC": stars.centre[1],
        "RADIUS": stars.radius,
        "FILTER": stars.filter,
        "SMATCHV": 1,
    }
    table = Catalog(meta=cards)
    table["first"] = Column(stars.ids[recognized.stars], description="number of the star")
    table["second"] = Column(ids[recognized.sources], description="number of the source")
    apart = np.radians(recognized.distance / _ARCSEC)
    table["distance"] = Column(
        apart, unit="rad", description="how far apart they were before the WCS was corrected"
    )
    return table
