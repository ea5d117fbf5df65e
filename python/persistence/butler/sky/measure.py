"""Read the region of one dataset from the bytes of its headers."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from persistence.errors import FormatterError, PersistenceError, told
from persistence.sky import footprint, polygon

if TYPE_CHECKING:
    from persistence.butler.sky.asked import Queried

# The type whose image a stage's WCS is for, where it has none of its own.
_IMAGE_OF = {"jointcal_wcs": ("calexp", "raw")}
_LONGEST = 300  # characters of a problem

Measured = tuple[bytes | None, str]


def region(butler: Queried, name: str, data_id: Mapping[str, Any]) -> Measured:
    """Return the polygon of a dataset, as bytes, and why there is none.

    Parameters
    ----------
    butler : `Butler`
        Reads the headers.
    name : `str`
        The dataset type: an exposure, or a WCS.
    data_id : mapping
        Its data ID.
    """
    try:
        outline = _footprint(butler, name, data_id)
        content = polygon.to_bytes(outline.vertices)
        polygon.decoded(content)
    # A header may hold anything, and libraries raise what they like: the reason is kept, shown by
    # `without_region`, and found again when the file changes.
    except (
        PersistenceError,
        ValueError,
        TypeError,
        ArithmeticError,
        LookupError,
        OSError,
    ) as error:
        return None, " ".join(
            str(error if isinstance(error, PersistenceError) else told(error)).split()
        )[:_LONGEST]
    return content, ""


def _footprint(butler: Queried, name: str, data_id: Mapping[str, Any]) -> footprint.Footprint:
    if name in _IMAGE_OF:
        wcs = butler.get(name, data_id)
        image = _image(butler, name, data_id)
        own = butler.getKeys(image) or {}
        box = butler.get(f"{image}_bbox", {key: data_id[key] for key in own if key in data_id})
        return footprint.of_wcs(getattr(wcs, "wcs", wcs) if hasattr(wcs, "getBBox") else wcs, box)
    box = butler.get(f"{name}_bbox", data_id)
    wcs = butler.get(f"{name}_header_wcs", data_id)
    if wcs is not None and wcs.has_celestial:
        return footprint.of_wcs(wcs, box)  # a header counts the file's own pixels
    wcs = butler.get(f"{name}_wcs", data_id)
    if wcs is None:
        raise FormatterError("its header has no WCS, and the camera gives no position")
    return footprint.of_wcs(wcs, box, (box.x0, box.y0))


def _image(butler: Queried, name: str, data_id: Mapping[str, Any]) -> str:
    for image in _IMAGE_OF[name]:
        if butler.datasetExists(
            image, {key: data_id[key] for key in butler.getKeys(image) or {} if key in data_id}
        ):
            return image
    raise FormatterError(f"there is no {' or '.join(_IMAGE_OF[name])} for this {name}")


# -- in other processes
# ------------------------------------------------------------------

_butler: list[Any] = []


def begin(butler: bytes) -> None:
    """Set the Butler of this process: a pickled one, as it must not share open files."""
    _butler[:] = [pickle.loads(butler)]  # noqa: S301  # our own parent process wrote it


def regions(name: str, data_ids: list[Mapping[str, Any]]) -> list[Measured]:
    """Return the polygons of several datasets; see `region`."""
    return [region(_butler[0], name, data_id) for data_id in data_ids]
