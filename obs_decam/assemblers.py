"""Assemble exposures that are stored in several files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.composites import provenance
from persistence.errors import FormatterError
from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.mask import Mask

# What a pixel of the Community Pipeline's data-quality image holds, and the planes that it becomes.
# Bits, before this version of the pipeline; since then one code, as its users' pipelines read it
# (legacypipe's remap_dq_cp_codes); afw has no plane for the last three.
_CODES_SINCE = (3, 5)
QUALITY_BITS: Mapping[int, str] = {1: "BAD", 2: "SAT", 4: "INTRP", 16: "CR", 64: "SAT", 512: "EDGE"}
QUALITY_CODES: Mapping[int, str] = {
    1: "BAD",
    2: "NO_DATA",
    3: "SAT",
    4: "SAT",  # a bleed trail
    5: "CR",
    6: "LOW_WEIGHT",
    7: "TRANSIENT",  # seen in one of several exposures
    8: "STREAK",
}
# PLVER as it is found: V3.4.9, V4.8.2a, DES V3.1.
_VERSION = re.compile(r"(?:DES\s+)?V(\d+)\.(\d+)", re.IGNORECASE)
_SMALLEST_WEIGHT = 1e-14


def assemble_instcal(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> Exposure:
    """Assemble the Community Pipeline's three images: science, data quality, weight."""
    exposure: Exposure = componentInfo["image"].obj
    quality: Exposure = componentInfo["quality"].obj
    try:
        mask = mask_of_quality(quality.image, quality.metadata.get("PLVER"))
    except FormatterError as error:
        location = provenance.location(quality)
        raise FormatterError(
            f"{'dqmask' if location is None else location.uri}: {error}"
        ) from error
    return exposure.replaced(
        mask=mask,
        variance=variance_of_weight(componentInfo["weight"].obj.image),
    )


def mask_of_quality(quality: NDArray[Any], version: str | None) -> Mask:
    """Return a mask with named planes from a data-quality image.

    Parameters
    ----------
    quality : array of integers, shape (rows, columns)
        The Community Pipeline's data-quality image.
    version : `str` or None
        The pipeline's version, PLVER, which determines the meaning of the integers: bits before
        V3.5, of which unknown ones are dropped, and one code per pixel since.

    Raises
    ------
    FormatterError
        If the version is unknown, or a pixel has an unknown code.
    """
    if _holds_codes(version):
        return _mask_of_codes(quality)
    flags: dict[str, NDArray[np.bool_]] = {}
    for bit, name in QUALITY_BITS.items():
        flagged = (quality & bit) != 0
        flags[name] = flags[name] | flagged if name in flags else flagged
    return Mask.from_flags(flags)


def _holds_codes(version: str | None) -> bool:
    match = _VERSION.match(str(version).strip())
    if match is None:
        raise FormatterError(
            f"PLVER = {version!r}, the Community Pipeline's version, is not one that is known, "
            "such as V3.4.9 or V4.8.2a: it decides whether the pixels of the data-quality image "
            "are bits or codes (dqmask gives them as they are)"
        )
    return (int(match[1]), int(match[2])) >= _CODES_SINCE


def _mask_of_codes(quality: NDArray[Any]) -> Mask:
    """Look up the flags of each pixel's code."""
    planes = Mask.from_flags(dict.fromkeys(QUALITY_CODES.values(), np.zeros(0, bool))).planes
    flags = np.zeros(max(QUALITY_CODES) + 1, np.int32)
    for code, name in QUALITY_CODES.items():
        flags[code] = 1 << planes[name]
    if quality.size and not 0 <= quality.min() <= quality.max() < len(flags):
        strange = quality[(quality < 0) | (quality >= len(flags))][0]
        raise FormatterError(
            f"the data-quality image has a pixel of code {strange}; the Community Pipeline's codes "
            f"are 0 to {len(flags) - 1}"
        )
    return Mask(flags[quality], planes)


def variance_of_weight(weight: NDArray[Any]) -> NDArray[Any]:
    """Return variances from inverse variances; pixels without weight get the largest float."""
    positive = weight[weight > 0]
    floor = min(_SMALLEST_WEIGHT, float(positive.min())) if positive.size else _SMALLEST_WEIGHT
    return (1.0 / np.where(weight > 0, weight, weight.dtype.type(floor))).astype(
        weight.dtype, copy=False
    )
