"""Summary statistics of an exposure, in one row: seeing, sky, zero point, depth, and their quality.

Each function returns the columns of one subject; they are missing if a step was skipped. See
`persistence.quality.columns`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from lsst.pex.config import Config, DictField, RangeField

from persistence.pipe.task import Task
from persistence.pipe.timing import timeMethod
from persistence.quality import bounds, columns
from persistence.tasks import psf_summary, robust
from persistence.tasks.matched import Matched
from persistence.types.exposure.filternames import band_and_physical
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure
    from persistence.types.exposure.visitinfo import VisitInfo
    from persistence.types.table.catalog import Catalog

Row = dict[str, Any]

# Planes of lost pixels; and those of pixels that are not sky.
_LOST = ("BAD", "SAT", "CR", "NO_DATA")
_NOT_SKY = (*_LOST, "EDGE", "INTRP", "DETECTED", "DETECTED_NEGATIVE")
_FRACTIONS = {"Bad": "BAD", "Sat": "SAT", "Cr": "CR", "Edge": "EDGE"}
# Of so many pixels the noise of the sky is known to a per mille.
_ENOUGH = 500_000
_CLIP = 3.0
# Numbers that tasks note in their metadata -> the columns that they are.
_NOTED = {
    "astromOffsetEast": "pointingOffsetRa",
    "astromOffsetNorth": "pointingOffsetDec",
    "photoScatter": "zeroPointScatter",
    "numMatches": "nMatch",
    "numAstrometryStars": "nAstromStar",
    "numPhotometryStars": "nPhotoStar",
    "numPsfStars": "nPsfStar",
    "numSources": "nSource",
}


class ComputeExposureSummaryStatsConfig(Config):
    """The references with which the numbers of a summary are compared."""

    magLimSnr = RangeField(
        doc="The ratio of signal to noise that a point source of the limiting magnitude has.",
        dtype=float,
        default=5.0,
        min=0.1,
    )
    minima = DictField[str, float](
        doc="Quantities that are suspicious below these values, besides the default bounds.",
        keytype=str,
        itemtype=float,
        default={},
    )
    maxima = DictField[str, float](
        doc="Quantities that are suspicious above these values, besides the default bounds.",
        keytype=str,
        itemtype=float,
        default={},
    )
    fiducialPsfSigma = DictField[str, float](
        doc="By band: sigma of the PSF at which the effective time is the exposure time (pixels).",
        keytype=str,
        itemtype=float,
        default={},
    )
    fiducialSkyBackground = DictField[str, float](
        doc="By band: level of the sky at which it is (electrons per second).",
        keytype=str,
        itemtype=float,
        default={},
    )
    fiducialZeroPoint = DictField[str, float](
        doc="By band: zero point of one second at which it is (mag).",
        keytype=str,
        itemtype=float,
        default={},
    )

    def bounds(self) -> dict[str, bounds.Bound]:
        """Return the bounds that hold for an exposure by itself."""
        fields: dict[str, dict[str, float | None]] = {
            name: {"min": bound.min, "max": bound.max} for name, bound in bounds.BOUNDS.items()
        }
        for end, values in (("min", self.minima), ("max", self.maxima)):
            for name, value in values.items():
                fields.setdefault(name, {})[end] = value
        whole = {
            name: {end: value for end, value in ends.items() if value is not None}
            for name, ends in fields.items()
        }
        return bounds.changed({}, whole, "computeSummaryStats: minima, maxima")

    def validate(self) -> None:
        """Validate the configuration.

        Raises
        ------
        UsageError
            If there is no such quantity.
        """
        super().validate()
        self.bounds()


@dataclass(frozen=True, eq=False)
class Processed:
    """A processed exposure, with its products; None if unknown.

    Attributes
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        The background-subtracted exposure.
    visit : `int` or None
        The number of its visit.
    sources : `~persistence.types.table.catalog.Catalog` or None
        All sources; those with the flag ``calib_psf_used`` are the stars of the PSF.
    psf_sources : `~persistence.types.table.catalog.Catalog` or None
        The stars of the PSF, if ``sources`` has no such flag.
    background : `~persistence.types.fields.background.BackgroundList` or None
        The subtracted background.
    matched : `~persistence.tasks.matched.Matched` or None
        The sources matched with reference stars.
    noted : mapping
        Numbers in the tasks' metadata.
    """

    exposure: Exposure
    visit: int | None = None
    sources: Catalog | None = None
    psf_sources: Catalog | None = None
    background: Any = None
    matched: Matched | None = None
    noted: Mapping[str, Any] | None = None


class ComputeExposureSummaryStatsTask(Task):
    """Sums an exposure up in one row."""

    ConfigClass: ClassVar[Any] = ComputeExposureSummaryStatsConfig
    _DefaultName = "computeExposureSummaryStats"

    @timeMethod
    def run(self, processed: Processed) -> Catalog:
        """Return a catalog of one row; see `persistence.quality.columns.COLUMNS`.

        Parameters
        ----------
        processed : `Processed`
            The exposure; unknown values are NaN, -1 or empty in the row.
        """
        from persistence.quality.catalogs import catalog  # imports astropy

        exposure = processed.exposure
        row = {"visit": processed.visit, **_identity(exposure), **_times(exposure.visit_info)}
        row |= _place(exposure)
        row |= psf_summary.of_model(exposure.psf, exposure.bbox)
        row |= _noted(processed.noted or {})
        row |= _of_stars(processed)
        row |= _sky(exposure, processed.background) | _mask(exposure)
        row |= _zero_point(exposure)
        if processed.matched is not None:
            row |= _offsets(processed.matched)
        row["seeing"] = _product(row.pop("psfFwhm", None), row.get("pixelScale"))
        row["magLim"] = depth(row, self.config.magLimSnr, _correction(exposure))
        row |= self._effective_time(row)
        judged = columns.arrays([row])
        (reasons,) = bounds.reasons(judged, self.config.bounds())
        row |= {"suspicious": bool(reasons), "reasons": "; ".join(reasons)}
        for text in reasons:
            self.log.warning("suspicious: %s", text)
        self._note(row)
        return catalog([row], [exposure.photo_calib])

    def _effective_time(self, row: Row) -> Row:
        """Return the effective exposure time and its factors, where the band has fiducials.

        Source: `lsst.pipe.tasks.computeExposureSummaryStats`; Neilsen et al. 2016,
        FERMILAB-TM-2610.
        """
        config, band, seconds = self.config, row.get("band"), row.get("expTime")
        if not seconds or band is None:
            return {}
        scales: Row = {}
        sigma, sky, zero = (row.get(name) for name in ("psfSigma", "skyBg", "zeroPoint"))
        if sigma and band in config.fiducialPsfSigma:
            scales["effTimePsfSigmaScale"] = (config.fiducialPsfSigma[band] / sigma) ** 2
        if sky and band in config.fiducialSkyBackground:
            scales["effTimeSkyBgScale"] = config.fiducialSkyBackground[band] / (sky / seconds)
        if zero is not None and band in config.fiducialZeroPoint:
            off = zero - 2.5 * math.log10(seconds) - config.fiducialZeroPoint[band]
            scales["effTimeZeroPointScale"] = 10 ** (0.8 * off)
        if len(scales) == 3:
            scales["effTime"] = seconds * math.prod(scales.values())
        return scales

    def _note(self, row: Row) -> None:
        """Record the main numbers in the metadata, and log them."""
        names = ("seeing", "magLim", "skyNoise", "fractionMasked")
        for name in names:
            if row.get(name) is not None:
                self.metadata.set(name, float(row[name]))
        self.log.info(
            'seeing %.2f", depth %.2f mag, noise of the sky %.1f, %.2f%% of the pixels lost',
            *(np.nan if row.get(name) is None else row[name] for name in names[:3]),
            100 * (row.get("fractionMasked") or 0.0),
        )


def depth(row: Mapping[str, Any], ratio: float, correction: float = 1.0) -> float | None:
    """Return the magnitude of a point source of a ratio of signal to noise; None if not known.

    Its flux F solves F^2 = ratio^2 (F + area * noise^2): the photons of the source, and the noise
    of the sky in the effective area of the PSF. Source: LSST's SMTN-002; King 1983, PASP 95, 163.

    Parameters
    ----------
    row : mapping
        ``psfArea``, ``skyNoise`` and ``zeroPoint``.
    ratio : `float`
        Of signal to noise.
    correction : `float`, optional
        What the flux of a fit of the PSF is multiplied by to be the one that the zero point holds
        for: light that the PSF's model does not have.
    """
    area, noise, zero = (row.get(name) for name in ("psfArea", "skyNoise", "zeroPoint"))
    if area is None or noise is None or zero is None:
        return None
    flux = ratio**2 / 2 + math.sqrt(ratio**4 / 4 + ratio**2 * area * noise**2)
    return float(zero - 2.5 * math.log10(flux * correction))


def _correction(exposure: Exposure) -> float:
    """Return the aperture correction of PSF fluxes in the middle of the image; 1 without one."""
    corrections, name = exposure.ap_corr_map, "base_PsfFlux_instFlux"
    if corrections is None or name not in corrections:
        return 1.0
    box = exposure.bbox
    middle = (np.array([box.x0 + box.width / 2]), np.array([box.y0 + box.height / 2]))
    return float(np.asarray(corrections[name](*middle)).ravel()[0])


def _identity(exposure: Exposure) -> Row:
    box, detector, label = exposure.bbox, exposure.detector, exposure.filter
    band, physical = (None, None) if label is None else band_and_physical(label)
    return {
        "id": None if detector is None else detector.id,
        "detectorName": None if detector is None else detector.name,
        "bbox_min_x": box.x0,
        "bbox_min_y": box.y0,
        "bbox_max_x": box.x0 + box.width - 1,
        "bbox_max_y": box.y0 + box.height - 1,
        "band": band or (None if label is None else label.name),
        "physical_filter": physical,
    }


def _times(visit: VisitInfo) -> Row:
    begin, middle = visit.date, visit.date_avg
    return {
        "obsStartMJD": None if begin is None else float(begin.tai.mjd),
        "expMidptMJD": None if middle is None else float(middle.tai.mjd),
        "expTime": visit.exposure_time,
        "airmass": visit.airmass,
    }


def _place(exposure: Exposure) -> Row:
    """Return the sky coordinates of the exposure."""
    if exposure.wcs is None:
        return {}
    box = exposure.bbox
    # afw's corners are those of the outermost pixels' edges, counter-clockwise from the first pixel
    x = box.x0 + np.array([-0.5, box.width - 0.5, box.width - 0.5, -0.5])
    y = box.y0 + np.array([-0.5, -0.5, box.height - 0.5, box.height - 0.5])
    middle = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
    ra, dec = sphere.of_pixels(exposure.wcs, x, y)
    # the middle, and one pixel on along columns and rows
    here = sphere.of_pixels(
        exposure.wcs, middle[0] + np.array([0, 1, 0]), middle[1] + np.array([0, 0, 1])
    )
    centre = float(here[0][0]), float(here[1][0])
    east = (here[0][1:] - centre[0] + 180) % 360 - 180
    steps_on_sky = np.array([east * math.cos(math.radians(centre[1])), here[1][1:] - centre[1]])
    return {
        "ra": centre[0],
        "decl": centre[1],
        "raCorners": ra,
        "decCorners": dec,
        "pixelScale": 3600 * math.sqrt(abs(float(np.linalg.det(steps_on_sky)))),
        "zenithDistance": _zenith_distance(exposure.visit_info, *centre),
    }


def _zenith_distance(visit: VisitInfo, ra: float, dec: float) -> float | None:
    """Return how far a position is from the zenith (deg), without refraction; None if not known."""
    import erfa  # lazy: astropy needs it, too

    from persistence.types.exposure import earth

    middle = visit.date_avg
    if middle is None or visit.longitude is None or visit.latitude is None:
        return None
    offset = earth.ut1_minus_utc(float(middle.utc.mjd)) or 0.0  # at most 0.9 s: 14 arcsec
    site = (*np.radians([visit.longitude, visit.latitude]), visit.elevation or 0.0)
    weather = (0.0, 0.0, 0.0, 0.55)  # no pressure: no refraction
    sky = (*np.radians([ra, dec]), 0.0, 0.0, 0.0, 0.0)
    when = (middle.utc.jd1, middle.utc.jd2, offset)
    _azimuth, distance, *_others = erfa.atco13(*sky, *when, *site, 0.0, 0.0, *weather)
    return float(np.degrees(distance))


def _of_stars(processed: Processed) -> Row:
    for sources in (processed.sources, processed.psf_sources):
        if sources is not None and "calib_psf_used" in sources.colnames:
            return psf_summary.of_stars(sources, processed.exposure.psf)
    return {}


def _sky(exposure: Exposure, background: Any) -> Row:
    row: Row = {}
    if background is not None:
        row["skyBg"] = sum(float(np.nanmedian(layer.levels)) for layer in background)
    if exposure.mask is None:
        return row
    # of every so many pixels of every so many rows, all columns of amplifiers alike
    step = max(1, math.isqrt(exposure.image.size // _ENOUGH))
    part = (slice(step // 2, None, step), slice(step // 2, None, step))
    flags = exposure.mask.array[part]
    known = exposure.mask.planes
    not_sky = _bits(known, _NOT_SKY)
    sky = exposure.image[part][(flags & not_sky) == 0].astype(float)
    sky = sky[np.isfinite(sky)]
    if sky.size:
        row["skyNoise"] = _clipped_deviation(sky)
    if exposure.variance is not None:
        good = exposure.variance[part][(flags & _bits(known, _LOST)) == 0].astype(float)
        good = good[np.isfinite(good)]
        row["meanVar"] = float(good.mean()) if good.size else None
    return row


def _clipped_deviation(values: Any) -> float:
    """Return the standard deviation of normal deviates among which are strays."""
    near = values[np.abs(values - np.median(values)) <= _CLIP * robust.scatter(values)]
    # clipping a normal distribution at 3 removes 2.7% of its variance
    return float(near.std() / math.sqrt(0.97334)) if near.size else 0.0


def _bits(planes: Mapping[str, int], names: tuple[str, ...]) -> int:
    return sum(1 << planes[name] for name in names if name in planes)


def _mask(exposure: Exposure) -> Row:
    mask = exposure.mask
    if mask is None:
        return {}
    row: Row = {
        f"fraction{name}": float(np.count_nonzero(mask.array & (1 << mask.planes[plane])))
        / mask.array.size
        for name, plane in _FRACTIONS.items()
        if plane in mask.planes
    }
    lost = np.count_nonzero(mask.array & _bits(mask.planes, _LOST))
    return row | {"fractionMasked": float(lost) / mask.array.size}


def _zero_point(exposure: Exposure) -> Row:
    calib = exposure.photo_calib
    if calib is None or not calib.mean > 0:
        return {}
    error = 2.5 / math.log(10) * calib.error / calib.mean
    return {"zeroPoint": calib.zero_point, "zeroPointErr": error}


def _offsets(matched: Matched) -> Row:
    """Return how far stars are from their references, of those that the WCS was fitted to."""
    used = matched.astrometry_used
    if used is None or not used.any():
        return {}
    east, north = matched.east[used], matched.north[used]
    distance = np.hypot(east, north)
    scatter = [_clipped_deviation(axis) for axis in (east, north)]
    return {
        "astromOffsetMean": float(distance.mean()),
        "astromOffsetStd": float(distance.std()),
        "astromScatterRa": scatter[0],
        "astromScatterDec": scatter[1],
    }


def _noted(noted: Mapping[str, Any]) -> Row:
    return {column: noted[name] for name, column in _NOTED.items() if name in noted}


def _product(first: float | None, other: float | None) -> float | None:
    return None if first is None or other is None else first * other
