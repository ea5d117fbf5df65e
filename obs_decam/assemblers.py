"""How exposures that lie in several files become one object."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from persistence.types.exposure.exposure import Exposure
from persistence.types.pixels.mask import Mask

# Bits of the Community Pipeline's data-quality image and the planes that they become (gen2-core
# 7.8).
QUALITY_BITS: Mapping[int, str] = {1: "BAD", 2: "SAT", 4: "INTRP", 16: "CR", 64: "SAT", 512: "EDGE"}
_SMALLEST_WEIGHT = 1e-14


def assemble_instcal(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, Any], cls: Any
) -> Exposure:
    """Put the Community Pipeline's three images together: science, data quality, weight."""
    exposure: Exposure = componentInfo["image"].obj
    return exposure.replaced(
        mask=mask_of_quality(componentInfo["quality"].obj.image),
        variance=variance_of_weight(componentInfo["weight"].obj.image),
    )


def mask_of_quality(quality: NDArray[Any]) -> Mask:
    """Turn a data-quality image into a mask with named planes.

    Bits that mean nothing to us are dropped.
    """
    flags: dict[str, NDArray[np.bool_]] = {}
    for bit, name in QUALITY_BITS.items():
        flagged = (quality & bit) != 0
        flags[name] = flags[name] | flagged if name in flags else flagged
    return Mask.from_flags(flags)


def variance_of_weight(weight: NDArray[Any]) -> NDArray[Any]:
    """Turn inverse variances into variances.

    Pixels without weight get the largest variance there is.
    """
    positive = weight[weight > 0]
    floor = min(_SMALLEST_WEIGHT, float(positive.min())) if positive.size else _SMALLEST_WEIGHT
    return (1.0 / np.where(weight > 0, weight, weight.dtype.type(floor))).astype(
        weight.dtype, copy=False
    )
