"""Gen2's name of `persistence.gen2types.display.rgb`."""

from persistence.gen2types.display.rgb import (
    AsinhMapping,
    AsinhZScaleMapping,
    LinearMapping,
    Mapping,
    ZScaleMapping,
    computeIntensity,
    displayRGB,
    makeRGB,
    writeRGB,
)

__all__ = [
    "AsinhMapping",
    "AsinhZScaleMapping",
    "LinearMapping",
    "Mapping",
    "ZScaleMapping",
    "computeIntensity",
    "displayRGB",
    "makeRGB",
    "writeRGB",
]
