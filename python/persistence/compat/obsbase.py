"""What Gen2's ``lsst.obs.base`` offered to camera packages besides mappers (gen2-core 6.7, 6.8)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from persistence.errors import DataIdError, FormatterError
from persistence.types.exposure.exposure import Exposure


class ExposureIdInfo:
    """The integer of an exposure, and the bits that are left for what is counted in it.

    Parameters
    ----------
    expId : `int`
        The integer.
    expBits : `int`
        The most bits that it may take.
    maxBits : `int`, optional
        How many bits there are.

    Raises
    ------
    DataIdError
        If a number does not fit.
    """

    def __init__(self, expId: int = 0, expBits: int = 1, maxBits: int | None = None) -> None:
        if int(expId).bit_length() > expBits:
            raise DataIdError(
                f"expId={expId} needs {int(expId).bit_length()} bits, more than expBits={expBits}"
            )
        if maxBits is not None and maxBits < expBits:
            raise DataIdError(f"expBits={expBits} is more than maxBits={maxBits}")
        self.expId = int(expId)
        self.expBits = int(expBits)
        self.maxBits = maxBits

    @property
    def unusedBits(self) -> int:
        """How many bits are left: of ``maxBits``, or of 64."""
        return (64 if self.maxBits is None else self.maxBits) - self.expBits


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
