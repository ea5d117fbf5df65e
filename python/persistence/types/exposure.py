"""Exposures: an image with its mask, variance, header, and what the header tells."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from persistence.errors import DataIdError
from persistence.types.box import Box
from persistence.types.detector import Detector
from persistence.types.mask import Mask
from persistence.types.translator import FilterLabel, HeaderTranslator
from persistence.types.visitinfo import VisitInfo

if TYPE_CHECKING:
    from astropy.io.fits import Header
    from astropy.wcs import WCS


@dataclass(frozen=True, eq=False)
class Exposure:
    """An image of the sky or of a detector, and all that is known of it.

    Attributes
    ----------
    image : array, shape (rows, columns)
        The pixels; ``image[y, x]``.
    header : `astropy.io.fits.Header`
        The header of the image's own HDU.
    primary : `astropy.io.fits.Header` or None
        The primary header, where the image's header asks to inherit it.
    mask : `Mask` or None
        Flags of the pixels.
    variance : array, shape (rows, columns), or None
        In the image's unit, squared.
    cutout : `tuple` [`int`, `int`]
        Column and row of the first pixel in the image that the header describes; not 0 for a part of it.
    translator : `HeaderTranslator`
        Knows the camera's header keywords.
    dataId : mapping
        The data ID that it was read by.
    given_wcs : `astropy.wcs.WCS` or None
        A world coordinate system in place of the header's.

    Notes
    -----
    What is derived from the header is computed when it is first asked for. Use `replaced` to change a part;
    the arrays can be changed in place.
    """

    image: NDArray[Any]
    header: Header
    primary: Header | None = None
    mask: Mask | None = None
    variance: NDArray[Any] | None = None
    cutout: tuple[int, int] = (0, 0)
    translator: HeaderTranslator = field(default_factory=HeaderTranslator)
    dataId: Mapping[str, Any] = field(default_factory=dict)
    given_wcs: WCS | None = None

    def replaced(self, **parts: Any) -> Exposure:
        """Give a copy with some attributes replaced; arrays are shared."""
        return dataclasses.replace(self, **parts)

    @functools.cached_property
    def metadata(self) -> Header:
        """The whole header: the image's own cards, and those that it inherits from the primary HDU."""
        if self.primary is None or self.primary is self.header:
            return self.header
        whole = self.header.copy()
        whole.extend(self.primary, unique=True, strip=True)
        return whole

    @functools.cached_property
    def wcs(self) -> WCS | None:
        """Pixel (x, y), counted from 0, to the sky; None if the header has none."""
        return self.given_wcs if self.given_wcs is not None else wcs_of(self.metadata, self.cutout)

    @functools.cached_property
    def filter(self) -> FilterLabel | None:
        """The filter: band, physical filter, and the short name that data IDs use."""
        return self.translator.filter(self.metadata, self.dataId)

    @functools.cached_property
    def visit_info(self) -> VisitInfo:
        """Exposure time, observation time, pointing."""
        return self.translator.visit_info(self.metadata)

    @functools.cached_property
    def detector(self) -> Detector | None:
        """The detector and its amplifiers; None if the header does not tell."""
        return self.translator.detector(self.metadata)

    @property
    def zero_point(self) -> float | None:
        """The magnitude that gives one count (mag); None if the header has none."""
        return self.translator.zero_point(self.metadata)

    @functools.cached_property
    def origin(self) -> tuple[int, int]:
        """Column and row of the first pixel in the parent image's numbers (afw's XY0)."""
        x0, y0 = xy0(self.header)
        return x0 + self.cutout[0], y0 + self.cutout[1]

    @property
    def bbox(self) -> Box:
        """Where the pixels lie in the parent image."""
        return Box(*self.origin, self.image.shape[1], self.image.shape[0])

    def __getitem__(self, box: Any) -> Exposure:
        """Cut a box out, in the pixel numbers of the parent image; the arrays are views."""
        box = Box.from_any(box)
        if not self.bbox.contains(box):
            raise DataIdError(f"{box} is not inside the image, which is {self.bbox}")
        inside = box.shifted(-self.origin[0], -self.origin[1])
        rows, columns = inside.slices
        return self.replaced(
            image=self.image[rows, columns],
            mask=None if self.mask is None else Mask(self.mask.array[rows, columns], self.mask.planes),
            variance=None if self.variance is None else self.variance[rows, columns],
            cutout=(self.cutout[0] + inside.x0, self.cutout[1] + inside.y0),
            given_wcs=None if self.given_wcs is None else self.given_wcs[rows, columns],
        )

    def __str__(self) -> str:
        rows, columns = self.image.shape
        width = max(len(name) for name, _ in self.summary())
        lines = "".join(f"\n  {name:<{width}}  {value}" for name, value in self.summary())
        return f"Exposure of {columns} x {rows} pixels, {self.image.dtype.name}{lines}"

    def summary(self) -> list[tuple[str, str]]:
        """Give what a person wants to know first, as names and values."""
        info, detector = self.visit_info, self.detector
        found = {
            "data ID": " ".join(f"{key}={value}" for key, value in self.dataId.items()),
            "detector": "" if detector is None else f"{detector.name} ({detector.id})",
            "filter": "" if self.filter is None else str(self.filter),
            "observed": "" if not info.date_begin else f"{info.date_begin} {info.timescale.upper()}",
            "exposure time": "" if info.exposure_time is None else f"{info.exposure_time:g} s",
            "centre": self._centre(),
            "zero point": "" if self.zero_point is None else f"{self.zero_point:g} mag",
            "image": _spread(self.image),
            "variance": "" if self.variance is None else _spread(self.variance),
            "mask": "" if self.mask is None else str(self.mask),
            "header": f"{len(self.metadata)} cards",
        }
        return [(name, value) for name, value in found.items() if value]

    def _centre(self) -> str:
        if self.wcs is None:
            return ""
        rows, columns = self.image.shape
        ra, dec = self.wcs.all_pix2world((columns - 1) / 2, (rows - 1) / 2, 0)
        projection = str(self.metadata.get("CTYPE1", ""))[-3:]
        return f"RA {float(ra):.5f} Dec {float(dec):+.5f} deg ({projection})"

    # afw's names, for scripts written for them
    def getWcs(self) -> WCS | None:
        return self.wcs

    def getMetadata(self) -> Header:
        return self.metadata

    def getDetector(self) -> Detector | None:
        return self.detector

    def getFilter(self) -> FilterLabel | None:
        return self.filter


def _spread(array: NDArray[Any]) -> str:
    good = array[np.isfinite(array)]
    if not good.size:
        return "no finite pixel"
    low, middle, high = good.min(), np.median(good), good.max()
    return f"{low:g} to {high:g}, median {middle:g}"


def xy0(header: Header) -> tuple[int, int]:
    """Read where the first pixel lies in a parent image: world coordinate system A, as afw writes it.

    Source: afw-files 1.2.
    """
    if "CRPIX1A" not in header or header.get("CTYPE1A") != "LINEAR":
        return 0, 0
    if header["CRPIX1A"] != 1 or header.get("CRPIX2A") != 1:
        return 0, 0
    return int(header.get("CRVAL1A", 0)), int(header.get("CRVAL2A", 0))


def wcs_of(header: Header, cutout: tuple[int, int] = (0, 0)) -> WCS | None:
    """Make the world coordinate system of a header; None if it has none.

    Parameters
    ----------
    header : `astropy.io.fits.Header`
        Any projection that wcslib knows, TPV and SIP among them.
    cutout : `tuple` [`int`, `int`]
        Column and row of the first pixel in the image that the header describes.
    """
    if "CTYPE1" not in header:
        return None
    from astropy.wcs import WCS

    # Telescopes write dates and RADECSYS in old ways, which are understood; astropy would warn of each, each time.
    if "RADECSYS" in header or "PROJP1" in header:
        header = header.copy()
        header.setdefault("RADESYS", header.pop("RADECSYS", "ICRS"))
        del header["PROJP*"]
    wcs = WCS(header, fix=False)
    wcs.wcs.fix()
    return wcs if cutout == (0, 0) else wcs[cutout[1] :, cutout[0] :]
