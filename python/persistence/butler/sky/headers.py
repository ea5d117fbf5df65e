"""What the headers of an image say about its place on the sky, with each file opened once.

Only the bytes of headers are read, and of these only the cards of the WCS are parsed. What is not
one plain image in a file, or is created by a camera's hook, is left to the Butler (`measure`).
"""

from __future__ import annotations

import itertools
from collections import ChainMap
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.sky import pixels
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.files import fits_headers
from persistence.files.fits_headers import Cards
from persistence.formatters import extensions
from persistence.types.pixels.box import Box
from persistence.types.wcs.headercards import TELLING
from persistence.types.wcs.headerwcs import is_tabled

if TYPE_CHECKING:
    from persistence.butler.sky.asked import Queried
    from persistence.cameras.mapper import Mapper

# The views of which this is a shorter way.
_VIEWS = ("bbox", "header_wcs")


class Image(NamedTuple):
    """An image, as its headers describe it.

    Attributes
    ----------
    cards : mapping [`str`, `str`]
        The cards of its WCS as written in the file, by keyword.
    box : `Box`
        The pixels that see the sky, from 0, as the WCS counts them.
    """

    cards: Mapping[str, str]
    box: Box


class Headers:
    """Reads the headers of the images of a dataset type.

    Parameters
    ----------
    butler : `Butler`
        The Butler.
    name : `str`
        The dataset type.
    """

    def __init__(self, butler: Queried, name: str) -> None:
        self._chain, self._name = butler.chain, name
        self._requests = [butler.request(f"{name}_{view}") for view in _VIEWS]
        self._plain: dict[int, bool] = {}
        self._file = _File("")

    def image(self, data_id: Mapping[str, Any]) -> Image | None:
        """Return the image with a data ID; None if it is left to the Butler.

        Raises
        ------
        PersistenceError, OSError
            If it is not found, or its file is damaged: the Butler's answer may be another one.
        """
        location = self._chain.locate(self._requests[0], DataId(data_id))
        if location is None or location.storage != "FitsStorage" or "bbox" in location.options:
            return None
        mapper: Mapper = location.options["mapper"]
        if id(mapper) not in self._plain:
            self._plain[id(mapper)] = self._is_plain(mapper)
        if not self._plain[id(mapper)]:
            return None
        if location.full_path != self._file.path:
            self._file = _File(location.full_path)
        if location.hdu is not None:
            location = extensions.of_detector(location, mapper, self._file.scan)
        return self._image(location, mapper)

    def _is_plain(self, mapper: Mapper) -> bool:
        """Return whether neither a hook nor an assembler has a part in reading these images."""
        for request, view in zip(self._requests, _VIEWS, strict=True):
            hooks = (mapper.hook(kind, request.name) for kind in ("bypass", "std"))
            if request.view != view or any(hooks) or mapper.dataset(request).composite:
                return False
        name = self._requests[0].datasetType
        return not any(name in one.types and one.has_hdus for one in mapper.layouts)

    def _image(self, location: Location, mapper: Mapper) -> Image | None:
        number = location.hdu or 0
        headers = list(itertools.islice(self._file.scan(), number + 1))
        if not number and headers and not headers[0].get("NAXIS"):
            number, headers = 1, list(itertools.islice(self._file.scan(), 2))
        if len(headers) <= number:
            return None
        primary, header = headers[0], headers[number]
        size = _size(header)
        if size is None or is_tabled(header):
            return None
        # The primary header of an afw exposure may contain the raw image's WCS.
        is_continued = number > 0 and "AR_HDU" not in primary and _inherits(header, primary)
        cards = header.images(TELLING)
        if is_continued:
            cards = {**primary.images(TELLING), **cards}
        if "CTYPE1" not in cards or (is_continued and is_tabled(primary)):
            return None
        box = Box(0, 0, *size)
        if self._name == "raw":
            whole = ChainMap(header, primary) if is_continued else header  # type: ignore[arg-type]
            detector = mapper.translator.detector_of(whole, location.dataId)
            box = pixels.of_sky(box, detector)
        return Image(cards, box)


class _File:
    """The headers of a file, each read once."""

    def __init__(self, path: str) -> None:
        self.path = path
        self._known: list[Cards] = []
        self._rest: Iterator[Cards] | None = None

    def scan(self, path: str = "") -> Iterator[Cards]:
        """Return an iterator over the headers, as `fits_headers.scan` does."""
        if self._rest is None:
            self._rest = fits_headers.scan(self.path)
        yield from self._known
        for cards in self._rest:
            self._known.append(cards)
            yield cards


def _size(header: Cards) -> tuple[int, int] | None:
    """Return the columns and rows of an image of two or more axes; None for anything else."""
    kind = header.get("XTENSION")
    # images that were unpacked by some programs keep this card
    is_packed = kind == "BINTABLE" and header.get("ZIMAGE") is True
    if kind is None and (header.get("GROUPS") is True or header.get("SIMPLE") is False):
        return None
    if kind not in (None, "IMAGE") and not is_packed:
        return None
    prefix = "Z" if is_packed else ""
    axes, columns, rows = (header.get(f"{prefix}{key}") for key in ("NAXIS", "NAXIS1", "NAXIS2"))
    if type(axes) is not int or type(columns) is not int or type(rows) is not int:
        return None
    return (columns, rows) if axes >= 2 else None


def _inherits(header: Cards, primary: Cards) -> bool:
    """Return whether an image's header is continued in the primary one; as `fits_exposure`."""
    inherit = header.get("INHERIT")
    return bool(inherit) if inherit is not None else not primary.get("NAXIS")
