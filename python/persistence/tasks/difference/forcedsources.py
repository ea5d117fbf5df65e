"""Fluxes at the positions of known objects: rows of the database's table DiaForcedSource."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from persistence.pipe.task import TaskError
from persistence.tasks import dia_sources
from persistence.tasks.difference.diasources import forced
from persistence.types.wcs import sphere

if TYPE_CHECKING:
    from persistence.tasks.dia_sources import Exposed
    from persistence.types.exposure.exposure import Exposure


def rows(
    difference: Exposure,
    science: Exposure,
    numbers: Exposed,
    first: int,
    objects: Any,
    ra: Any,
    dec: Any,
) -> dict[str, Any]:
    """Return the forced sources of some objects.

    Parameters
    ----------
    difference, science : `~persistence.types.exposure.exposure.Exposure`
        Exposures of one detector, with WCS, calibration, filter and time.
    numbers : `~persistence.tasks.dia_sources.Exposed`
        The numbers of the exposure.
    first : `int`
        The number of the first row.
    objects : array of int64, shape (objects,)
        The objects' numbers.
    ra, dec : array, shape (objects,)
        Their positions (deg, ICRS).

    Returns
    -------
    columns : `dict` [`str`, array]
        Objects with a measurable flux: fluxes in nJy, times as MJD (TAI).

    Raises
    ------
    TaskError
        If the difference has no photometric calibration.
    """
    x, y = sphere.to_pixels(difference.wcs, np.asarray(ra, float), np.asarray(dec, float))
    here, there = (forced(exposure, x, y) for exposure in (difference, science))
    seen = ~here.failed
    number = int(np.count_nonzero(seen))
    if difference.photo_calib is None:
        raise TaskError("the difference has no photometric calibration: fluxes have to be in nJy")
    # A number, where it is the same everywhere.
    nanojansky = np.broadcast_to(difference.photo_calib.factor(x, y), x.shape)[seen]
    time, _ = dia_sources.midpoint(difference)
    columns = {
        "diaForcedSourceId": first + np.arange(number),
        "diaObjectId": np.asarray(objects, np.int64)[seen],
        "ra": np.asarray(ra, float)[seen],
        "dec": np.asarray(dec, float)[seen],
        "visit": np.full(number, numbers.visit),
        "detector": np.full(number, numbers.detector),
        "midpointMjdTai": np.full(number, time),
        "psfFlux": here.value[seen] * nanojansky,
        "psfFluxErr": here.error[seen] * nanojansky,
        "scienceFlux": there.value[seen] * nanojansky,
        "scienceFluxErr": there.error[seen] * nanojansky,
    }
    letter = dia_sources.band(difference.filter)
    if letter is not None:
        columns["band"] = np.full(number, letter)
    return columns
