"""The display of exposures: in notebooks, and as figures."""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any

import numpy as np

from persistence import notebook
from persistence.drawing import image, pixels
from persistence.drawing.figures import Sides
from persistence.errors import DataIdError, did_you_mean
from persistence.notebook import Html
from persistence.types.wcs import sphere

# Columns of a source's position; the first one that a catalog has counts.
_CENTRES = ("slot_Centroid", "base_SdssCentroid", "base_NaiveCentroid")


def html(exposure: Any) -> Html:
    """Return an exposure as HTML: its summary, beside a picture with the planes of its mask."""
    lines = notebook.pairs(exposure.summary(without=["mask"]))
    size = " x ".join(map(str, reversed(exposure.image.shape)))
    first = notebook.title("Exposure", f"of {size} pixels, {exposure.image.dtype.name}")
    mask = exposure.mask
    legend = Html() if mask is None else mask.html()
    return notebook.join(
        [first, notebook.beside(_picture(exposure), notebook.join([lines, legend]))]
    )


def _picture(exposure: Any) -> Html:
    pixel, mask = exposure.image, exposure.mask
    if not _is_drawable(pixel):
        return Html()
    flags, planes = (None, {}) if mask is None else (mask.array, mask.planes)
    return pixels.html(pixels.picture(pixel, flags, planes, pixels.LONGEST), "image and mask")


def _is_drawable(image: Any) -> bool:
    """Return whether an image has rows and columns of real numbers."""
    return bool(image.ndim == 2 and image.size and image.dtype.kind in "biuf")


def figure(
    exposure: Any,
    mask: bool | Iterable[str],
    sources: Any,
    wcs: bool,
    title: str | None,
    longest: float,
) -> Any:
    """Return a figure of an exposure; see `Exposure.plot` for the parameters."""
    pixel, box = exposure.image, exposure.bbox
    left, low = box.x0 - 0.5, box.y0 - 0.5  # the centre of a pixel is an integer
    if not _is_drawable(pixel):
        shape = " x ".join(map(str, reversed(pixel.shape))) or "no"
        raise DataIdError(
            f"an image of {shape} pixels of {pixel.dtype.name} cannot be drawn: rows and columns "
            "of real numbers can"
        )
    sky = exposure.wcs_or_reason()[0] if wcs else None
    return image.exposure(
        pixel,
        None if exposure.mask is None else exposure.mask.array,
        _planes(exposure.mask, mask),
        Sides(left, left + box.width, low, low + box.height),
        _title(exposure) if title is None else title,
        sky if sky is not None and sky.has_celestial else None,
        None if sources is None else _positions(sources, exposure),
        "" if exposure.unit is None else str(exposure.unit),
        longest,
    )


def _planes(mask: Any, wanted: bool | Iterable[str]) -> dict[str, int]:
    """Return the planes of a mask to draw: by default those that some pixel has."""
    if mask is None or wanted is False:
        return {}
    names = mask.counts() if wanted is True else [wanted] if isinstance(wanted, str) else wanted
    for name in names:
        if name not in mask.planes:
            hint = did_you_mean(name, mask.planes)
            raise DataIdError(
                f"the mask has no plane {name!r}{hint}; it has {', '.join(mask.planes)}"
            )
    return {name: mask.planes[name] for name in names}


def _positions(sources: Any, exposure: Any) -> tuple[Any, Any]:
    """Return columns and rows of sources: from a catalog, or as passed."""
    if isinstance(sources, tuple):
        x, y = sources
        return np.asarray(x, float), np.asarray(y, float)
    resolve = getattr(sources, "resolve", str)
    names: list[Any] = list(getattr(sources, "columns", None) or ())
    for centre in _CENTRES:
        x, y = resolve(f"{centre}_x"), resolve(f"{centre}_y")
        if x in names and y in names:
            return np.asarray(sources[x], float), np.asarray(sources[y], float)
    if "coord_ra" in names and "coord_dec" in names and exposure.wcs is not None:
        ra, dec = (_degrees(sources[name]) for name in ("coord_ra", "coord_dec"))
        return sphere.to_pixels(exposure.wcs, ra, dec)
    raise DataIdError(
        "sources: a catalog with positions (slot_Centroid, or coord_ra and coord_dec), or a tuple "
        f"of columns and rows, is needed, not a {type(sources).__name__} of "
        f"{', '.join(map(str, names[:5])) or 'nothing'}"
    )


def _degrees(column: Any) -> Any:
    to = getattr(column, "to_value", None)
    return np.degrees(np.asarray(column, float)) if to is None else np.asarray(to("deg"))


def _title(exposure: Any) -> str:
    words = " ".join(f"{key}={value}" for key, value in exposure.dataId.items())
    return words or os.path.basename(exposure.path) or "Exposure"
