"""The HDUs of an exposure's planes and of its archive in a file (doc/gen2/afw-files.md 1.1)."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence.files import fits_headers
from persistence.files.fits_headers import Cards, Span
from persistence.types.archives.read import Stored
from persistence.types.exposure.components import Components, numbers_in
from persistence.types.pixels.mask import DEFAULT_PLANES, planes_in


class Layout(NamedTuple):
    """The first HDUs of a file, up to the last one of an exposure.

    Attributes
    ----------
    path : `str`
        The file.
    content : `bytes` or None
        All of it, if it was compressed with gzip: it is decompressed once.
    cards : `list` [`Cards`]
        Their headers.
    spans : `list` [`Span`]
        Their spans in the file (bytes).
    """

    path: str
    content: bytes | None
    cards: list[Cards]
    spans: list[Span]

    def planes(self, image: int) -> dict[str, int]:
        """Return the HDUs of the planes that follow an image, by kind: ``MASK``, ``VARIANCE``."""
        behind = range(image + 1, min(image + 3, len(self.cards)))
        return {_kind(self.cards[number]): number for number in behind}

    def bits(self, mask: int) -> Mapping[str, int]:
        """Return the bit number of each plane of the mask in an HDU, by name."""
        return planes_in(self.cards[mask]) or dict(DEFAULT_PLANES)

    def components(self, stream: Any) -> Components:
        """Read the bytes of the archive; they are parsed when a component is needed.

        They are few compared with the pixels, and the file may change before they are needed.

        Parameters
        ----------
        stream
            The open file.
        """
        numbers = numbers_in(self.cards[0], self.path)
        if not numbers:
            return Components()
        index = int(self.cards[0]["AR_HDU"]) - 1  # it counts from 1
        start = self.spans[index - 1].stop if index <= len(self.spans) else None
        if start is None:
            return Components(numbers, Stored(b"", self.path))
        if self.content is not None:
            return Components(numbers, Stored(self.content[start:], self.path))
        stream.seek(start)
        return Components(numbers, Stored(stream.read(), self.path))


def layout(path: str, image: int) -> Layout:
    """Read the headers of an exposure's HDUs.

    Parameters
    ----------
    path : `str`
        The file.
    image : `int`
        The HDU of the image, counted from 0.

    Raises
    ------
    FormatterError
        If the file is not FITS, or one of these HDUs is not whole.
    OSError
        If it cannot be read.
    """
    content = fits_headers.unpacked(path)
    hdus = fits_headers.walk(path, content)
    first = next(hdus)
    archive = first[0].get("AR_HDU")
    wanted = max(image + 2, archive - 2 if isinstance(archive, int) else 0)
    both = [first, *itertools.islice(hdus, wanted)]
    return Layout(path, content, [cards for cards, _ in both], [span for _, span in both])


def _kind(cards: Cards) -> str:
    """Return the kind of plane in an HDU: ``IMAGE``, ``MASK``, ``VARIANCE``, or empty.

    Masks older than afw's EXTTYPE are recognized by their ``MP_`` cards.
    """
    kind = cards.get("EXTTYPE") or cards.get("EXTNAME")
    return str(kind) if kind else "MASK" if any(key.startswith("MP_") for key in cards) else ""
