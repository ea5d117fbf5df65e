"""Match sources with reference stars, and derive the WCS offset and the zero point."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.pipe.task import TaskError
from persistence.tasks import astrometry, matching, references, robust
from persistence.tasks.astrometry import Solution
from persistence.tasks.measure import Measured
from persistence.tasks.references import References
from persistence.tasks.stamps import Floats
from persistence.tasks.surfaces import Frame
from persistence.tasks.voting import Limits, Offsets, Pose
from persistence.types.exposure.exposure import Exposure
from persistence.types.wcs import sphere

Sky = tuple[Floats, Floats]  # right ascensions and declinations (deg, ICRS)


# The number of bright sources for which the fraction of stars is computed.
_BRIGHTEST = 50


class Offset(NamedTuple):
    """How far sources are from their stars, in the median, and how much that scatters (arcsec)."""

    east: float
    north: float
    scatter: float


class Corrected(NamedTuple):
    """A WCS fitted to stars, with the residuals of each pair.

    Attributes
    ----------
    solution : `~persistence.tasks.astrometry.Solution`
    x, y : array
        Where the sources are (pixels of the parent image).
    east, north : array
        How far off their stars they are in the WCS (arcsec).
    scatter : `float`
        That of the length of the offsets of those that it was fitted to (arcsec).
    """

    solution: Solution
    x: Floats
    y: Floats
    east: Floats
    north: Floats
    scatter: float


@dataclass(frozen=True, eq=False)
class Recognized:
    """Sources that are stars of a reference catalog.

    Attributes
    ----------
    measured : `~persistence.tasks.measure.Measured`
        All sources.
    references : `~persistence.tasks.references.References`
        All stars.
    sources, stars : array of int
        Which of them are alike.
    distance : array
        How far apart they were by the first WCS (arcsec).
    offset : `Offset`
        By the first WCS.
    candidates : `int`
        How many sources were good enough.
    fraction : `float`
        Of the brightest of them, how many are stars of the catalog.
    pose : `~persistence.tasks.voting.Pose` or None
        The transformation found from the brightest.
    """

    measured: Measured
    references: References
    sources: NDArray[np.int64]
    stars: NDArray[np.int64]
    distance: Floats
    offset: Offset
    candidates: int
    fraction: float
    pose: Pose | None

    def corrected(self, wcs: Any, frame: Frame, config: Any) -> Corrected:
        """Return a WCS that puts the stars where the sources are.

        Parameters
        ----------
        wcs : `~astropy.wcs.WCS`
            The one that is corrected.
        frame : `~persistence.tasks.surfaces.Frame`
            Of the exposure.
        config : `~persistence.tasks.calibrate_config.CalibrateConfig`
        """
        measured, sky = self.measured, (self.references.ra, self.references.dec)
        x, y = (getattr(measured, axis)[self.sources] for axis in "xy")
        errors = np.column_stack([measured.x_error, measured.y_error])[self.sources]
        there = sky[0][self.stars], sky[1][self.stars]
        pairs = astrometry.Pairs(
            np.column_stack([x, y]),
            np.nan_to_num(errors, nan=1.0, posinf=1.0),
            there,
            self.references.position_errors[self.stars],
        )
        kind = astrometry.KINDS[config.astrometryFit](config.astrometryOrder)
        solution = astrometry.solve(
            wcs, pairs, frame, kind, config.clipSigma, config.maxAstromRimErr
        )
        off = _apart(sphere.of_pixels(solution.wcs, x, y), there, self.references.centre)
        left = off.east[solution.used], off.north[solution.used]
        return Corrected(solution, x, y, *off, _offset(*left).scatter)


def recognize(exposure: Exposure, measured: Measured, catalog: Any, config: Any) -> Recognized:
    """Match the sources of an exposure with the stars of a catalog.

    Parameters
    ----------
    exposure : `~persistence.types.exposure.exposure.Exposure`
        An exposure with a WCS.
    measured : `~persistence.tasks.measure.Measured`
        Its sources.
    catalog : `~persistence.refcats.catalog.ReferenceCatalog`
        The reference catalog.
    config : `~persistence.tasks.calibrate_config.CalibrateConfig`
        The settings.

    Raises
    ------
    TaskError
        If there is no WCS, or as for `~persistence.tasks.references.load`.
    """
    if exposure.wcs is None:
        raise TaskError("without a WCS no star can be recognized")
    limits = Limits(config.maxOffset, config.maxRotation, config.maxScaleChange)
    stars = references.load(catalog, exposure, config)
    chosen = _brightest(measured, config.minSignalToNoise)
    ra, dec = sphere.of_pixels(exposure.wcs, measured.x[chosen], measured.y[chosen])
    matches = matching.match(
        matching.on_plane(ra, dec, stars.centre),
        matching.on_plane(stars.ra, stars.dec, stars.centre),
        limits,
        config.matchRadius,
    )
    distance = np.hypot(matches.east, matches.north)
    sources = chosen[matches.sources]
    offset = _offset(matches.east, matches.north)
    fraction = float(np.isin(chosen[:_BRIGHTEST], sources).mean()) if chosen.size else 0.0
    return Recognized(
        measured,
        stars,
        sources,
        matches.stars,
        distance,
        offset,
        chosen.size,
        fraction,
        matches.pose,
    )


def _brightest(measured: Measured, ratio: float) -> NDArray[np.int64]:
    """Return the sources suitable for calibration, the brightest first."""
    flux = measured.psf_flux.value
    good = np.flatnonzero(measured.clean & (measured.signal_to_noise >= ratio) & (flux > 0))
    return good[np.argsort(-flux[good])]


def _apart(first: Sky, other: Sky, centre: tuple[float, float]) -> Offsets:
    here, there = (matching.on_plane(*where, centre) for where in (first, other))
    return Offsets(here.east - there.east, here.north - there.north)


def _offset(east: Floats, north: Floats) -> Offset:
    if not east.size:
        return Offset(np.nan, np.nan, np.nan)
    across, along = robust.average(east), robust.average(north)
    return Offset(across.value, along.value, float(np.hypot(across.scatter, along.scatter)))
