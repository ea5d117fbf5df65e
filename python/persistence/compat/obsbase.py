"""What Gen2's ``lsst.obs.base`` offered to camera packages besides mappers (gen2-core 6.7, 6.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.cameras.identifiers import ExposureIdInfo
from persistence.errors import FormatterError
from persistence.types.exposure.exposure import Exposure

__all__ = ["ExposureIdInfo", "exposureFromImage"]


def exposureFromImage(
    image: Any,
    dataId: Mapping[str, Any] | None = None,
    mapper: Any = None,
    logger: Any = None,
    setVisitInfo: bool = True,
    setFilter: bool = False,
    setExposureId: bool = False,
) -> Exposure:
    """Make an exposure of an image.

    Parameters
    ----------
    image : `Exposure` or array, shape (rows, columns)
        What was read. An exposure stays one.
    dataId : mapping, optional
        The data ID.
    mapper : `Mapper`, optional
        Whose header keywords count.
    logger, setVisitInfo, setFilter, setExposureId
        Taken for Gen2's sake: an exposure derives visit and filter from its header whenever they
        are asked for.

    Raises
    ------
    FormatterError
        If it is no image.
    """
    if not isinstance(image, Exposure):
        from astropy.io.fits import Header

        pixels = np.asanyarray(image)
        if pixels.ndim != 2:
            raise FormatterError(
                f"an exposure has two dimensions, not {pixels.ndim}: {type(image).__name__}"
            )
        image = Exposure(pixels, Header())
    told: dict[str, Any] = {} if dataId is None else {"dataId": dataId}
    if mapper is not None:
        told["translator"] = mapper.translator
    made: Exposure = image.replaced(**told)
    return made
