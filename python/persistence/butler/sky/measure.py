"""Measure the regions of datasets from the bytes of their headers."""

from __future__ import annotations

import pickle
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.butler.sky import pixels
from persistence.butler.sky.headers import Headers, Image
from persistence.errors import FormatterError, PersistenceError, told
from persistence.sky import footprint, polygon, tangent
from persistence.types.pixels.box import Box
from persistence.types.wcs import headerwcs

if TYPE_CHECKING:
    from persistence.butler.sky.asked import Queried

# The type whose image a stage's WCS is for, where it has none of its own.
_IMAGE_OF = {"jointcal_wcs": ("calexp", "raw")}
# Raws are larger than what they see of the sky.
_RAW = "raw"
_LONGEST = 300  # characters of a problem

Measured = tuple[bytes | None, str]


# What a header, which may hold anything, makes libraries raise. The reason is kept, shown by
# `without_region`, and found again when the file changes.
_PROBLEMS = (PersistenceError, ValueError, TypeError, ArithmeticError, LookupError, OSError)


def regions(butler: Queried, name: str, data_ids: Sequence[Mapping[str, Any]]) -> list[Measured]:
    """Return the polygon of each dataset, as bytes, and why there is none.

    Parameters
    ----------
    butler : `Butler`
        Reads the headers.
    name : `str`
        The dataset type: an exposure, or a WCS.
    data_ids : sequence of mapping
        The data IDs. Those in one file should be neighbours.
    """
    images = _images(butler, name, data_ids)
    tangents = {
        place: (plain, image.box)
        for place, image in enumerate(images)
        if image is not None and (plain := tangent.of_cards(image.cards)) is not None
    }
    found = dict(zip(tangents, footprint.of_tangents(list(tangents.values())), strict=True))
    return [
        _measured(found[place], butler, name, data_id)
        if place in found
        else _measured(None if image is None else _projected(image), butler, name, data_id)
        for place, (image, data_id) in enumerate(zip(images, data_ids, strict=True))
    ]


def _images(
    butler: Queried, name: str, data_ids: Sequence[Mapping[str, Any]]
) -> list[Image | None]:
    """Return the images, as their headers describe them; None for those left to the Butler."""
    if name in _IMAGE_OF:
        return [None] * len(data_ids)
    images, headers = list[Image | None](), Headers(butler, name)
    for data_id in data_ids:
        try:
            images.append(headers.image(data_id))
        except _PROBLEMS:  # the Butler knows better, or says what is wrong
            images.append(None)
    return images


def _projected(image: Image) -> footprint.Footprint | None:
    """Return the footprint by wcslib; None if it is left to the Butler."""
    try:
        wcs = headerwcs.from_cards(image.cards)
        box = image.box
        return footprint.of_wcs(wcs, box, (box.x0, box.y0)) if wcs.has_celestial else None
    except _PROBLEMS:
        return None


def _measured(
    found: footprint.Footprint | str | None,
    butler: Queried,
    name: str,
    data_id: Mapping[str, Any],
) -> Measured:
    if not isinstance(found, footprint.Footprint):
        return region(butler, name, data_id)
    content = polygon.to_bytes(found.vertices)
    try:
        polygon.decoded(content)
    except _PROBLEMS:
        return region(butler, name, data_id)
    return content, ""


def region(butler: Queried, name: str, data_id: Mapping[str, Any]) -> Measured:
    """Return the polygon of one dataset by what the Butler reads, and why there is none.

    This is the general way, of which `regions` is a shorter one with the same result. For the
    parameters, see there.
    """
    try:
        outline = _footprint(butler, name, data_id)
        content = polygon.to_bytes(outline.vertices)
        polygon.decoded(content)
    except _PROBLEMS as error:
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
    if wcs is not None and wcs.has_celestial:  # a header counts the file's own pixels
        whole = Box(0, 0, box.width, box.height)
        detector = butler.get(f"{name}_detector", data_id) if name == _RAW else None
        its = pixels.of_sky(whole, detector)
        return footprint.of_wcs(wcs, its, (its.x0, its.y0))
    wcs = butler.get(f"{name}_wcs", data_id)
    if wcs is None:
        raise FormatterError("its header has no WCS, and the camera gives no position")
    if name == _RAW:
        request = butler.request(name)
        dataset = butler.chain.knowing(request).mapper.dataset(request, data_id)
        detector = butler.get(f"{name}_detector", data_id)
        box = pixels.of_assembled(box, detector, bool(dataset.composite))
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


def regions_here(name: str, data_ids: Sequence[Mapping[str, Any]]) -> list[Measured]:
    """Return the polygons of several datasets in this process; see `regions`."""
    return regions(_butler[0], name, data_ids)
