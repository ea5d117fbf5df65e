"""Cutouts: the pixels of images around a position, of which no others are read."""

from __future__ import annotations

import itertools
import math
import pickle
from collections import deque
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from persistence.butler.sky import layers
from persistence.cameras import faces
from persistence.dataids.dataid import text
from persistence.errors import (
    AmbiguousDataId,
    DataIdError,
    FormatterError,
    NoResults,
    UnknownDatasetType,
    did_you_mean,
)
from persistence.sky import boxes
from persistence.sky.boxes import Place, Size
from persistence.sky.regions import Circle
from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from astropy.wcs import WCS

    from persistence.butler.sky.asked import Queried
    from persistence.types.exposure.exposure import Exposure

MODES = ("trim", "partial", "strict")
_SHOWN = 5
# Cutouts that a process reads at once.
_PART = 8

Progress = Callable[[int, int], None]
DataId = dict[str, Any]


class Wanted(NamedTuple):
    """The cutout that a user asks for.

    Attributes
    ----------
    circle : `Circle`
        The position.
    size : `Size`
        Its size.
    mode : `str`
        One of `MODES`.
    """

    circle: Circle
    size: Size
    mode: str

    def __str__(self) -> str:
        return f"RA {self.circle.ra:.6f} Dec {self.circle.dec:+.6f} deg"


class Stack(NamedTuple):
    """Cutouts of the same size as arrays.

    Attributes
    ----------
    dataIds : `list` [`dict`]
        The data ID of each.
    image : array
        The pixels, of shape (cutouts, rows, columns).
    variance : array or None
        Their variances; None if one of the images has none.
    wcs : `list` [`~astropy.wcs.WCS`]
        The WCS of each, which counts pixels from 0 at the cutout's first one.
    """

    dataIds: list[DataId]
    image: NDArray[Any]
    variance: NDArray[Any] | None
    wcs: list[WCS]


def wanted(circle: Circle, size: Any, mode: str) -> Wanted:
    """Return the cutout that a user asks for.

    Raises
    ------
    DataIdError
        If the size is invalid, or there is no such mode.
    """
    if mode not in MODES:
        raise DataIdError(
            f"mode={mode!r}{did_you_mean(str(mode), MODES)}: expected {', '.join(MODES)}"
        )
    return Wanted(circle, boxes.size_of(size), mode)


def check(butler: Queried, name: str) -> None:
    """Raise an error for a dataset type that has no pixels, or is a view.

    Raises
    ------
    UnknownDatasetType
        If there is no such type.
    DataIdError
        If it is not an image.
    """
    butler.getKeys(name, "")
    try:
        butler.getKeys(f"{name}_bbox", "")
    except UnknownDatasetType:
        raise DataIdError(
            f"{name} is no image that can be cut: expected a dataset type such as calexp, raw or "
            "deepCoadd_calexp"
        ) from None


def located(butler: Queried, name: str, data_id: Mapping[str, Any], asked: Wanted) -> Place:
    """Return the pixels of a cutout; of the image's file, headers are read.

    Raises
    ------
    FormatterError
        If the image has no WCS.
    """
    box = butler.get(f"{name}_bbox", data_id)
    wcs = faces.unwrap(butler.get(f"{name}_wcs", data_id))
    if wcs is None:
        raise FormatterError(f"{name} {text(data_id)} has no WCS")
    return boxes.around(wcs, Box.from_any(box), asked.circle.ra, asked.circle.dec, asked.size)


def read(
    butler: Queried, name: str, data_id: Mapping[str, Any], asked: Wanted, place: Place
) -> Exposure:
    """Read a cutout.

    Raises
    ------
    NoResults
        If the image has no pixel of it, or not all and the mode is ``strict``.
    """
    inside = place.inside
    if inside is None or (asked.mode == "strict" and inside != place.box):
        which = "No pixels" if inside is None else "Not all pixels"
        where = f"is at x={place.x:.8g} y={place.y:.8g}"
        off = "is a position that its WCS has no pixel for"
        reasons = [
            f"{asked} {off if math.isnan(place.x) else where}", f"the image has {place.image}"
        ]  # fmt: skip
        raise NoResults(f"{which} of a cutout in:", name, dict(data_id), reasons)
    whole: Exposure = butler.get(f"{name}_sub", data_id, bbox=inside)
    if asked.mode != "partial" or inside == place.box:
        return whole
    exposure = faces.unwrap(whole)
    larger = boxes.padded(exposure, place.box)
    kind = "astropy" if exposure is whole else "gen2"
    wrapped: Exposure = faces.wrap(larger, kind)
    return wrapped


# -- which images
# ----------------------------------------------------------------------------


def chosen(
    butler: Queried,
    name: str,
    ids: Sequence[DataId],
    asked: Wanted,
    places: Collection[str],
    given: Mapping[str, Any],
) -> DataId:
    """Return the one of several images in which a position is farthest from the edges.

    Parameters
    ----------
    butler : `Butler`
        Reads headers.
    name : `str`
        The dataset type.
    ids : sequence of `dict`
        Images that contain the position.
    asked : `Wanted`
        The cutout.
    places : collection of `str`
        The keys in which images of one exposure, or of one coadd, differ.
    given : mapping
        The data ID that the user passed, for messages.

    Raises
    ------
    AmbiguousDataId
        If they are of several visits, or filters.
    NoResults
        If there are none.
    """
    if not ids:
        raise NoResults(f"No image at {asked}:", name, dict(given))
    apart = {
        tuple(str(value) for key, value in one.items() if layers.renamed(key) not in places)
        for one in ids
    }
    if len(apart) > 1:
        more = [f"and {len(ids) - _SHOWN} more"] if len(ids) > _SHOWN else []
        raise AmbiguousDataId(
            f"{len(ids)} images at {asked}:", name, dict(given),
            [*map(text, ids[:_SHOWN]), *more, "name one; butler.sky.cutouts returns all of them"],
        )  # fmt: skip
    if len(ids) == 1:
        return ids[0]
    return max(ids, key=lambda one: located(butler, name, one, asked).depth)


class Cutouts:
    """Cutouts of all images at a position, which are read when they are used.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    datasetType : `str`
        The dataset type.
    dataIds : `list` [`dict`]
        The images.
    asked : `Wanted`
        The cutout.
    jobs : `int`
        The number of processes that read.
    progress : callable, optional
        Called with the numbers of images that are done, and of all.

    Notes
    -----
    Iteration reads them one by one, in the order of ``dataIds``, and keeps none; images without a
    pixel in the cutout are left out.
    """

    def __init__(
        self,
        butler: Queried,
        datasetType: str,
        dataIds: Sequence[DataId],
        asked: Wanted,
        jobs: int = 1,
        progress: Progress | None = None,
    ) -> None:
        self._butler, self._asked, self._jobs, self._progress = butler, asked, jobs, progress
        self.datasetType, self.dataIds = datasetType, list(dataIds)

    def __repr__(self) -> str:
        return f"<cutouts of {len(self.dataIds)} {self.datasetType} at {self._asked}>"

    def __iter__(self) -> Iterator[Exposure]:
        for number, cutout in enumerate(self._read(), start=1):
            if self._progress is not None:
                self._progress(number, len(self.dataIds))
            if cutout is not None:
                yield cutout

    def _read(self) -> Iterator[Exposure | None]:
        if self._jobs == 1 or len(self.dataIds) < 2:
            for data_id in self.dataIds:
                yield _one(self._butler, self.datasetType, data_id, self._asked)
            return
        executor = ProcessPoolExecutor(
            self._jobs, initializer=_begin, initargs=(pickle.dumps(self._butler),)
        )
        tasks = (
            executor.submit(
                _several, self.datasetType, self.dataIds[start : start + _PART], self._asked
            )
            for start in range(0, len(self.dataIds), _PART)
        )
        try:
            running = deque(itertools.islice(tasks, 2 * self._jobs))
            while running:
                yield from running.popleft().result()
                running.extend(itertools.islice(tasks, 1))
        finally:
            executor.shutdown(cancel_futures=True)

    def stack(self) -> Stack:
        """Read all cutouts, and return them as arrays.

        They are not resampled: the position is in the middle of each, to half a pixel, and the
        directions of the axes are those of each image.

        Returns
        -------
        stack : `Stack`
            The pixels, variances and WCSs.

        Raises
        ------
        NoResults
            If there are none.
        DataIdError
            If they have several sizes.
        """
        exposures = [faces.unwrap(cutout) for cutout in self]
        if not exposures:
            raise NoResults("No cutouts to stack:", self.datasetType, {}, [f"at {self._asked}"])
        shapes = sorted({one.image.shape for one in exposures})
        if len(shapes) > 1:
            raise DataIdError(
                f"cutouts of {shapes[0]} to {shapes[-1]} pixels are no stack: pass the size in "
                "pixels, and mode='partial'"
            )
        variances = [one.variance for one in exposures]
        has_all = all(one is not None for one in variances)
        return Stack(
            [dict(one.dataId) for one in exposures],
            np.stack([one.image for one in exposures]),
            np.stack(variances) if has_all else None,
            [one.local_wcs for one in exposures],
        )


def _one(butler: Queried, name: str, data_id: DataId, asked: Wanted) -> Exposure | None:
    """Read a cutout; None if the image has no pixel of it."""
    place = located(butler, name, data_id, asked)
    return None if place.inside is None else read(butler, name, data_id, asked, place)


# -- in other processes
# ------------------------------------------------------------------

_butler: list[Any] = []


def _begin(butler: bytes) -> None:
    """Set the Butler of this process: a pickled one, as it must not share open files."""
    _butler[:] = [pickle.loads(butler)]  # noqa: S301  # our own parent process wrote it


def _several(name: str, data_ids: list[DataId], asked: Wanted) -> list[Exposure | None]:
    return [_one(_butler[0], name, data_id, asked) for data_id in data_ids]
