"""The steps of a calibration by stars: fit, record in the metadata, and accept or reject."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.pipe.task import Task, TaskError
from persistence.tasks import astrometry, photometry
from persistence.tasks.acceptance import Number, refuse
from persistence.tasks.options import option
from persistence.tasks.photometry import ZeroPoint
from persistence.tasks.recognize import Corrected, Recognized, recognize
from persistence.tasks.surfaces import Frame

if TYPE_CHECKING:
    from persistence.tasks.measure import Measured
    from persistence.types.exposure.exposure import Exposure

# Years that stars may have moved, unknown, without a warning: then by some ten mas in the median.
_YEARS = 2.0
# The settings of what is tried to match sources with stars.
_TRIED = "maxOffset", "maxRotation", "maxScaleChange"


def recognized(task: Task, exposure: Exposure, measured: Measured, catalog: Any) -> Recognized:
    """Find the stars of a catalog among sources.

    Parameters
    ----------
    task : `~persistence.pipe.task.Task`
        Whose configuration, log and metadata are meant, here and below: a `CalibrateTask`.
    exposure : `~persistence.types.exposure.exposure.Exposure`
        With a WCS.
    measured : `~persistence.tasks.measure.Measured`
        Its sources.
    catalog : `~persistence.refcats.catalog.ReferenceCatalog`

    Raises
    ------
    TaskError
        If there are too few, or they may be so by chance.
    """
    config = task.config
    stars = recognize(exposure, measured, catalog, config)
    number, least = stars.sources.size, config.minMatches
    if number < least:
        raise TaskError(
            f"of {stars.candidates} sources and {stars.references.ids.size} stars of "
            f"{catalog.name}, {number} are alike, and {least} are needed; settings that "
            "matter: "
            + ", ".join(
                option(task, name) for name in ("maxOffset", "matchRadius", "minSignalToNoise")
            )
        )
    pose = stars.pose
    refuse(
        task,
        [
            Number(
                "the brightest sources match {:.1f} sigma better than by chance",
                np.nan if pose is None else pose.sigmas,
                "minVoteSigma",
            ),
            Number(
                "a fraction {:.2f} of the brightest sources are stars of the catalog",
                stars.fraction,
                "minMatchedFraction",
            ),
        ],
        f'the match with the stars of {catalog.name} (tried: up to {config.maxOffset:g}" off, '
        f"turned by {config.maxRotation:g} degrees, scaled by {config.maxScaleChange:g}: "
        f"-c {', '.join(option(task, name) for name in _TRIED)})",
    )
    off, years = stars.offset, stars.references.years
    if years > _YEARS:
        task.log.warning(
            "stars of %s are where they were %.1f years before: it has no proper motions; "
            "%s limits by how much they may scatter",
            catalog.name,
            years,
            option(task, "maxAstromExcess"),
        )
    if np.isfinite(years):
        _keep(task, refYearsUnmoved=years)
    _keep(
        task,
        numMatches=number,
        astromOffsetEast=off.east,
        astromOffsetNorth=off.north,
        astromOffsetScatter=off.scatter,
    )
    task.log.info(
        '%d stars recognized; the WCS is off by %.3f" east, %.3f" north',
        number,
        off.east,
        off.north,
    )
    return stars


def corrected(task: Task, exposure: Exposure, stars: Recognized) -> Corrected:
    """Correct the WCS of an exposure by its stars.

    Raises
    ------
    TaskError
        If the stars scatter too much about it, or it changes too much.
    """
    corrected = stars.corrected(exposure.wcs, Frame(exposure.bbox), task.config)
    solution = corrected.solution
    number = int(solution.used.sum())
    side = astrometry.side(solution.wcs)
    _keep(
        task,
        astromScatter=corrected.scatter,
        astromExcess=solution.excess,
        astromRimErr=solution.rim_error,
        astromOrder=solution.degree,
        numAstrometryStars=number,
        astromRotation=solution.turn,
        astromScaleChange=solution.stretch,
    )
    task.log.info(
        'WCS corrected by %d stars, order %d; scatter %.3f"',
        number,
        solution.degree,
        corrected.scatter,
    )
    order = task.config.astrometryOrder
    if task.config.astrometryFit == "POLYNOMIAL" and solution.degree < order:
        task.log.warning(
            "polynomials of order %d cannot be fitted to these stars; required are five stars "
            "for each term, %s, and a WCS that is TAN, TAN-SIP or TPV",
            order,
            option(task, "maxAstromRimErr"),
        )
    numbers = [
        Number("its stars scatter by {:.2f} pixels", corrected.scatter / side, "maxAstromScatter"),
        Number(
            "its stars scatter by {:.2f} pixels beyond their errors, as without proper motions",
            solution.excess / side,
            "maxAstromExcess",
        ),
        Number("it is turned by {:.3f} degrees", abs(solution.turn), "maxRotation"),
        Number("its scale changes by {:.4f}", solution.stretch, "maxScaleChange"),
    ]
    refuse(task, numbers, "the WCS")
    return corrected


def zero_point(task: Task, exposure: Exposure, stars: Recognized) -> ZeroPoint:
    """Find the zero point of an exposure by its stars.

    Raises
    ------
    TaskError
        If the stars scatter too much about it, or its error is too large.
    """
    zero = photometry.calibrate(stars, Frame(exposure.bbox), task.config)
    number = int(zero.used.sum())
    cards = {
        "photoZeroPoint": zero.calib.zero_point,
        "photoZeroPointErr": zero.error,
        "photoScatter": zero.scatter,
    }
    _keep(
        task,
        **cards,
        numPhotometryStars=number,
        photoExcess=zero.excess,
        photoOrder=zero.degree,
        photoSpan=zero.span,
    )
    task.metadata.set("photoColorTerm", str(stars.references.term or ""))
    task.metadata.set("photoFlux", str(zero.calib.flux_name))
    if not zero.is_of_aperture:
        task.log.warning(
            "fewer than %d stars are alone (%s): the zero point is that of %s",
            task.config.minIsolated,
            option(task, "minIsolated"),
            zero.calib.flux_name,
        )
    task.log.info("zero point %.4f +- %.4f mag, scatter %.4f, of %d stars", *cards.values(), number)
    if zero.degree:
        task.log.info(
            "it varies by %.3f mag over the image, as a polynomial of order %d",
            zero.span,
            zero.degree,
        )
    numbers = [
        Number("its stars scatter by {:.3f} mag", zero.scatter, "maxPhotoScatter"),
        Number("its error is {:.3f} mag", zero.error, "maxZeroPointErr"),
    ]
    refuse(task, numbers, "the zero point")
    return zero


def _keep(task: Task, **numbers: float) -> None:
    for name, value in numbers.items():
        task.metadata.set(name, value)
