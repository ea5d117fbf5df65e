"""The face of an image by the type that a policy declares for it."""

from __future__ import annotations

from typing import Any

from persistence.formatters.fits_open import pixel_type
from persistence.gen2types.images.exposure import Exposure
from persistence.gen2types.images.image import DecoratedImage, Image
from persistence.gen2types.images.mask import MaskX
from persistence.gen2types.images.maskedimage import MaskedImage
from persistence.types.pixels import plane

_FAMILIES: dict[str, Any] = {
    "Exposure": Exposure,
    "MaskedImage": MaskedImage,
    "DecoratedImage": DecoratedImage,
    "Image": Image,
}


def of_type(ours: Any, python: str | None) -> Any:
    """Return the face of an exposure that was read as another type of afw's.

    Parameters
    ----------
    ours : `persistence.types.exposure.exposure.Exposure`
        As every image is read here.
    python : `str` or None
        The dotted name that the policy declares, such as ``lsst.afw.image.ImageF``.

    Returns
    -------
    face
        An `Image`, a `DecoratedImage`, a `MaskedImage`, a `Mask`, or else an `Exposure`.
    """
    kind, _ = pixel_type(python)
    if kind == "Mask":
        mask = MaskX.of(plane.of("mask", ours))
        mask.setXY0(*ours.origin)
        return mask
    return _FAMILIES.get(kind, Exposure).of(ours)
