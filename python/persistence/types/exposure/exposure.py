"""Exposures: an image with its mask, variance, header, and the information in the header."""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from persistence import notebook
from persistence.errors import (
    DataIdError,
    FormatterError,
    LossyWarning,
    did_you_mean,
    told,
    warn_caller,
)
from persistence.notebook import Html
from persistence.types.exposure import afwheader
from persistence.types.exposure.apcorrmap import ApCorrMap
from persistence.types.exposure.coaddinputs import CoaddInputs
from persistence.types.exposure.components import KEYS, Components
from persistence.types.exposure.detector import Detector
from persistence.types.exposure.exposurenames import ExposureNames
from persistence.types.exposure.fromheader import calibration_of, unit_of, visit_of
from persistence.types.exposure.fromheader import xy0 as xy0
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.exposure.shared import Sharing
from persistence.types.exposure.translator import FilterLabel, HeaderTranslator
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.pixels import plane
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.pixels.polygon import Polygon
from persistence.types.pixels.units import parse
from persistence.types.wcs import sphere
from persistence.types.wcs.headerwcs import in_parent, shifted
from persistence.types.wcs.headerwcs import wcs_of as wcs_of

if TYPE_CHECKING:
    from astropy.io.fits import HDUList, Header
    from astropy.nddata import CCDData
    from astropy.units import UnitBase
    from astropy.wcs import WCS

# Parts in `Exposure.components`: those of the archive, and two more.
_COMPONENTS = (*KEYS, "visit_info", "unit")
# Planes whose pixels are not measurements of the sky.
_BAD = ("BAD", "SAT", "EDGE", "NO_DATA")
# Minimum and maximum, ignoring NaN; and the number of pixels that is enough for a median.
_ENDS, _SAMPLE = (np.fmin, np.fmax), 500_000


@dataclass(eq=False, repr=False)
class Exposure(ExposureNames, Sharing):
    """An image of the sky or of a detector, with its metadata.

    Gen2's class is ``lsst.afw.image.Exposure`` (doc/gen2/afw-files.md 1).

    Parameters
    ----------
    image : `numpy.ndarray`
        The pixels, shape (rows, columns): ``image[y, x]``.
    header : `Header`
        The header of the image's own HDU.
    primary : `Header` or `None`, optional
        The primary header, if the image's header inherits it.
    mask : `Mask` or `None`, optional
        The flags of the pixels.
    variance : `numpy.ndarray` or `None`, optional
        The variance of the pixels in the image's unit squared, shape (rows, columns).
    cutout : `tuple` [`int`, `int`], optional
        Column and row of the first pixel in the image that the header describes; not 0 for a part
        of it.
    translator : `HeaderTranslator`, optional
        The translator of the camera's header keywords.
    dataId : mapping, optional
        The data ID that it was read with.
    given_wcs : `WCS` or `None`, optional
        A WCS that replaces the header's, in pixels of the parent image.
    components : `Components`, optional
        Objects from afw's archive, or set by users: ``psf``, ``photo_calib``, ... by name.
    lookup_tables : `HDUList` or `None`, optional
        The tables of distortions that the header's WCS refers to.
    path : `str`, optional
        The file that it was read from, for messages.

    Notes
    -----
    Positions are in pixels of the parent image, of which this one may be a part: those of `bbox`,
    `wcs`, ``psf``, ``photo_calib`` and source catalogs. The centre of the array's first pixel is
    ``(bbox.x0, bbox.y0)``; only `local_wcs` counts from that pixel.

    Each attribute can be set, and each component by its name: ``exposure.psf = psf``; see
    `replaced`, which returns a changed copy. Values from the header are computed, and objects in
    the archive are loaded, on first access, and again after a part was set. The arrays can be
    changed in place.

    Examples
    --------
    >>> import numpy as np
    >>> from astropy.io import fits
    >>> from persistence import Box, Exposure
    >>> exposure = Exposure(np.arange(12.0).reshape(3, 4), fits.Header())
    >>> exposure.bbox.width, exposure.bbox.height
    (4, 3)
    >>> exposure[Box(1, 0, 2, 2)].image
    array([[1., 2.],
           [5., 6.]])
    """

    shareable: ClassVar[bool] = False  # its pixels can be changed in place
    planes: ClassVar[tuple[str, ...]] = plane.NAMES

    image: NDArray[Any]
    header: Header
    primary: Header | None = None
    mask: Mask | None = None
    variance: NDArray[Any] | None = None
    cutout: tuple[int, int] = (0, 0)
    translator: HeaderTranslator = field(default_factory=HeaderTranslator)
    dataId: Mapping[str, Any] = field(default_factory=dict)
    given_wcs: WCS | None = None
    components: Components = field(default_factory=Components)
    lookup_tables: HDUList | None = None
    path: str = ""

    def __setattr__(self, name: str, value: Any) -> None:
        """Set a part, and remove cached values that were derived from the parts or are shared.

        An exposure as the value of ``image``, ``mask`` or ``variance`` stands for its pixels.

        Raises
        ------
        FormatterError
            If a mask or a variance does not have the size of the image, or a mask does not name its
            bits.
        AttributeError
            If no part of that name can be set.
        """
        # a new exposure sets a dozen parts, of which nothing is derived yet
        is_first = name in _FIELDS and name not in self.__dict__
        is_kept = value is None or name not in plane.NAMES
        if (is_first and is_kept) or name.startswith("_"):
            super().__setattr__(name, value)
            return
        if name not in _PARTS:
            raise AttributeError(
                f"Exposure has no part {name!r} that can be set{did_you_mean(name, _PARTS)}"
            )
        if name in plane.NAMES:
            value = plane.of(name, value)
            pixels = getattr(value, "array", value)
            # the image first: the other planes are checked against its size
            if name != "image" and isinstance(pixels, np.ndarray):
                plane.check_size(name, pixels.shape, self.image.shape)
        given = {name: value}
        for attribute, part in (self._as_fields(given) if name in _COMPONENTS else given).items():
            super().__setattr__(attribute, part)
        cls: Any = type(self)
        for attribute in _derived(cls) & vars(self).keys():
            delattr(self, attribute)
        self._share = None

    def fill(self, name: str, value: Any) -> None:
        """Set ``image``, ``mask`` or ``variance`` to the content of another dataset.

        Parameters
        ----------
        name : `str`
            The plane.
        value : object
            The pixels: an array, a mask, or an exposure.

        Raises
        ------
        FormatterError
            If it does not have the size of this image, or the type of this plane.
        """
        value = plane.of(name, value)
        plane.check(name, value, self.image.shape)
        setattr(self, name, value)

    def replaced(self, **parts: Any) -> Exposure:
        """Return a copy with some attributes or components replaced; arrays are shared.

        Parameters
        ----------
        **parts : object
            New values by name: attributes, and the components ``psf``, ``wcs``, ``photo_calib``,
            ``filter``, ``detector``, ``ap_corr_map``, ``valid_polygon``, ``coadd_inputs``,
            ``transmission_curve``, ``visit_info``, ``unit``. A ``wcs``, of FITS or afw, is in
            pixels of the parent image. None removes a component; the header's value is used then.

        Returns
        -------
        `Exposure`
            The copy.

        Raises
        ------
        AttributeError
            If there is no such part.
        """
        return dataclasses.replace(self, **self._as_fields(parts))

    def _as_fields(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes that contain some parts."""
        fields = {name: part for name, part in parts.items() if name not in _COMPONENTS}
        given = {name: part for name, part in parts.items() if name in _COMPONENTS}
        if "wcs" in given:
            is_fits = hasattr(given["wcs"], "wcs")
            fields["given_wcs"] = given["wcs"] if is_fits else None
            given["wcs"] = None if is_fits else given["wcs"]
        if given:
            fields["components"] = fields.get("components", self.components).replaced(**given)
        return fields

    @functools.cached_property
    def metadata(self) -> Header:
        """The whole header: the image's own cards, and those inherited from the primary HDU."""
        if self.primary is None or self.primary is self.header:
            return self.header
        return afwheader.merged(self.header, self.primary)

    @functools.cached_property
    def observers_metadata(self) -> Header:
        """The header as afw returns it: without cards of the WCS, visit, archive and HDU."""
        return afwheader.observers(self.metadata)

    @functools.cached_property
    def wcs(self) -> WCS | None:
        """The WCS, in pixels of the parent image; None if neither header nor archive has one.

        Pixels count as in `bbox`: the centre of the array's first one is ``(bbox.x0, bbox.y0)``,
        and a part has the same WCS as the whole. It is the header's, repaired as by astropy, in the
        frame of the header. One that FITS cannot express is fitted over this image;
        ``components["wcs"]`` is exact. Raises `FormatterError` if the header's cards are not a
        valid WCS; they are kept, and written unchanged.
        """
        if self.given_wcs is not None:
            return self.given_wcs
        try:
            return self.shared("wcs", self._wcs)
        except FormatterError as error:
            words = [self.path, " ".join(f"{key}={value}" for key, value in self.dataId.items())]
            raise FormatterError(": ".join([*filter(None, words), str(error)])) from error

    @property
    def local_wcs(self) -> WCS | None:
        """A copy of `wcs` in pixels of this array; None if there is none.

        The centre of the array's first pixel is (0, 0), as in files, arrays, and astropy's images.
        """
        if self.wcs is None:
            return None
        local = shifted(self.wcs, self.origin)
        local.array_shape = rows_and_columns(self.image.shape)
        return local

    def wcs_or_reason(self) -> tuple[WCS | None, str]:
        """Return the WCS, and the reason if its cards are invalid, or an empty text."""
        try:
            return self.wcs, ""
        except FormatterError as error:
            return None, str(error)

    def _wcs(self) -> WCS | None:
        if "wcs" not in self.components.given:
            found = wcs_of(self.sky_header, self.lookup_tables)
            if found is not None:
                return in_parent(found, xy0(self.header), self._parents_shape())
        stored: Any = self.components.get("wcs")
        if not hasattr(stored, "to_astropy"):
            return None
        return in_parent(stored.to_astropy(self.bbox), (0, 0), self._parents_shape())

    def _parents_shape(self) -> tuple[int, ...] | None:
        """Return the array's rows and columns if it begins at the parent image's first pixel."""
        return rows_and_columns(self.image.shape) if self.origin == (0, 0) else None

    @property
    def changed_wcs(self) -> WCS | None:
        """The WCS, if it was changed in place since it was created from the header; else None."""
        used: WCS | None = vars(self).get("wcs")
        if used is None or self.given_wcs is not None or "wcs" in self.components.given:
            return None
        fresh = wcs_of(self.sky_header, self.lookup_tables)
        if fresh is None:
            return None
        before = in_parent(fresh, xy0(self.header), None).to_header_string(relax=True)
        return used if used.to_header_string(relax=True) != before else None

    @property
    def sky_header(self) -> Header:
        """The header with the WCS: in afw's exposures the image's own, without that of the raw."""
        afws = self.primary is not None and "AR_HDU" in self.primary and "CTYPE1" in self.header
        return self.header if afws else self.metadata

    @functools.cached_property
    def psf(self) -> Any:
        """The point spread function; None if there is none."""
        return self.shared("psf", lambda: self.components.get("psf"))

    @functools.cached_property
    def photo_calib(self) -> PhotoCalib | None:
        """The photometric calibration; None if unknown.

        It is the archive's, or else from afw's old keywords, or else from the camera's zero point.
        """
        return self.shared("photoCalib", self._photo_calib)  # type: ignore[no-any-return]

    def _photo_calib(self) -> PhotoCalib | None:
        if "photo_calib" in self.components:
            return self.components["photo_calib"]  # type: ignore[no-any-return]
        return calibration_of(self.metadata, self.translator)

    @functools.cached_property
    def filter(self) -> FilterLabel | None:
        """The filter: band, physical filter, and the short name in data IDs; None if unknown."""
        stored = self.components.get("filter")
        if isinstance(stored, FilterLabel):
            return self.translator.completed(stored)
        return self.translator.filter(self.metadata, self.dataId)

    @functools.cached_property
    def visit_info(self) -> VisitInfo:
        """The visit: exposure time, time of observation, pointing."""
        if "visit_info" in self.components:
            return self.components["visit_info"]  # type: ignore[no-any-return]
        return visit_of(self.metadata, self.translator)

    @functools.cached_property
    def detector(self) -> Detector | None:
        """The detector and its amplifiers; None if neither archive nor header describe it."""
        if "detector" in self.components:
            return self.components["detector"]  # type: ignore[no-any-return]
        return self.translator.detector_of(self.metadata, self.dataId)

    @functools.cached_property
    def ap_corr_map(self) -> ApCorrMap | None:
        """The aperture corrections; None if there are none."""
        return self.components.get("ap_corr_map")

    @functools.cached_property
    def valid_polygon(self) -> Polygon | None:
        """The illuminated part of the image; None if unknown."""
        return self.components.get("valid_polygon")

    @functools.cached_property
    def coadd_inputs(self) -> CoaddInputs | None:
        """The exposures that a coadd contains; None for other exposures."""
        return self.components.get("coadd_inputs")

    @functools.cached_property
    def transmission_curve(self) -> Any:
        """The throughput by wavelength; None if unknown."""
        return self.components.get("transmission_curve")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of components of unknown classes; their tables are kept as they were stored."""
        return self.components.unknown

    @property
    def zero_point(self) -> float | None:
        """The AB magnitude of one count (mag); None if the image is not calibrated."""
        calib = self.photo_calib
        return None if calib is None else calib.zero_point

    @functools.cached_property
    def unit(self) -> UnitBase | None:
        """The unit of a pixel; None if unknown."""
        given = self.components.given.get("unit")
        if given is None:
            return unit_of(self.header, self.metadata)
        unit: UnitBase | None = parse(given) if isinstance(given, str) else given
        return unit

    def to_ccddata(self, unit: Any = None, bad: Iterable[str] = _BAD) -> CCDData:
        """Return astropy's image; the arrays are shared, and its WCS is `local_wcs`.

        Parameters
        ----------
        unit : `~astropy.units.UnitBase` or `str`, optional
            The unit of a pixel; by default ``self.unit``, or no unit if that is unknown.
        bad : iterable of `str`, optional
            The planes of the mask whose pixels are masked. All planes are in ``flags``.

        Returns
        -------
        `~astropy.nddata.CCDData`
            The image.
        """
        from astropy import units
        from astropy.nddata import CCDData, VarianceUncertainty

        known = unit or self.unit or units.dimensionless_unscaled
        mask = self.mask
        wcs, reason = self.wcs_or_reason()
        if reason:
            warn_caller(f"the image has no WCS: {reason}", LossyWarning)
        return CCDData(
            self.image,
            unit=known,
            uncertainty=None if self.variance is None else VarianceUncertainty(self.variance),
            mask=None if mask is None else mask.any_of(name for name in bad if name in mask.planes),
            flags=None if mask is None else mask.array,
            wcs=None if wcs is None else self.local_wcs,
            meta=self.metadata,
        )

    @functools.cached_property
    def origin(self) -> tuple[int, int]:
        """Column and row of the first pixel, counted in the parent image (afw's XY0)."""
        x0, y0 = xy0(self.header)
        return x0 + self.cutout[0], y0 + self.cutout[1]

    @property
    def bbox(self) -> Box:
        """The box of the pixels in the parent image; for a cube, that of each plane."""
        rows, columns = rows_and_columns(self.image.shape)
        return Box(*self.origin, columns, rows)

    def __getitem__(self, box: Any) -> Exposure:
        """Return a part; its arrays are views.

        Parameters
        ----------
        box : `Box` or slices
            A box in pixels of the parent image, or slices of rows and columns of this array.

        Raises
        ------
        DataIdError
            If the box is not inside the image.
        """
        box = self._box_of(box) if _is_slices(box) else Box.from_any(box)
        if not self.bbox.contains(box):
            raise DataIdError(f"{box} is not inside the image, which is {self.bbox}")
        inside = box.shifted(-self.origin[0], -self.origin[1])
        # Rows and columns are the last axes; an image with one axis is one row.
        part = (..., *inside.slices[-self.image.ndim :])
        return self.replaced(
            image=self.image[part],
            mask=None if self.mask is None else Mask(self.mask.array[part], self.mask.planes),
            variance=None if self.variance is None else self.variance[part],
            cutout=(self.cutout[0] + inside.x0, self.cutout[1] + inside.y0),
        )

    def _box_of(self, slices: Any) -> Box:
        """Return the box of slices, in pixels of the parent image."""
        rows, columns = (
            (*slices, slice(None))[:2] if isinstance(slices, tuple) else (slices, slice(None))
        )
        number_of_rows, number_of_columns = rows_and_columns(self.image.shape)
        y0, y1, dy = rows.indices(number_of_rows)
        x0, x1, dx = columns.indices(number_of_columns)
        if (dy, dx) != (1, 1):
            raise DataIdError(f"a part of an exposure has all pixels, not each {dx} x {dy}")
        return Box(x0, y0, max(x1 - x0, 0), max(y1 - y0, 0)).shifted(*self.origin)

    def __str__(self) -> str:
        pixels = " x ".join(str(length) for length in reversed(self.image.shape))
        width = max(len(name) for name, _ in self.summary())
        lines = "".join(f"\n  {name:<{width}}  {value}" for name, value in self.summary())
        return f"Exposure of {pixels} pixels, {self.image.dtype.name}{lines}"

    __repr__ = __str__

    @notebook.shows
    def _repr_html_(self) -> Html:
        from persistence.types.exposure import shown  # lazy: only for notebooks

        return shown.html(self)

    def plot(
        self,
        mask: bool | Iterable[str] = True,
        sources: Any = None,
        wcs: bool = True,
        title: str | None = None,
        size: float = 8.0,
    ) -> Any:
        """Return a figure: the image in grey, the planes of its mask, sources, and axes of the sky.

        Parameters
        ----------
        mask : `bool` or iterable of `str`
            The planes of the mask to draw; True draws those that some pixel has.
        sources : `~persistence.types.table.catalog.Catalog` or tuple of two arrays, optional
            The sources to mark with circles: a catalog, or columns and rows (pixels of the parent
            image).
        wcs : `bool`, optional
            Whether the axes show RA and Dec, if the exposure has a WCS; else pixels of the parent
            image.
        title : `str` or `None`, optional
            The title; by default, the data ID.
        size : `float`, optional
            The length of the image's longer side (inches).

        Returns
        -------
        figure : `matplotlib.figure.Figure`
            A notebook shows it; ``savefig`` writes it. Grey levels follow IRAF's zscale with an
            asinh stretch. Large images are drawn in bins, of which each shows the planes that one
            of its pixels has.

        Raises
        ------
        MissingExtra
            If matplotlib is not installed.
        DataIdError
            If the mask has no such plane, or the sources have no positions.

        Examples
        --------
        >>> import numpy as np
        >>> from astropy.io import fits
        >>> exposure = Exposure(np.random.default_rng(1).normal(size=(40, 30)), fits.Header())
        >>> figure = exposure.plot(sources=([3.0, 20.5], [12.0, 31.0]), title="two sources")
        >>> figure.axes[0].get_xlabel()
        'x (pixel)'
        """
        from persistence.types.exposure import shown  # lazy: only for figures

        return shown.figure(self, mask, sources, wcs, title, size)

    def summary(self, without: Collection[str] = ()) -> list[tuple[str, str]]:
        """Return a summary as names and values.

        If a damaged header lacks a value, the error's text replaces it.

        Parameters
        ----------
        without : collection of `str`, optional
            Names that are left out.

        Returns
        -------
        `list` [`tuple` [`str`, `str`]]
            Names and values.
        """
        parts: dict[str, Callable[[], str | None]] = {
            "data ID": lambda: " ".join(f"{key}={value}" for key, value in self.dataId.items()),
            "detector": lambda: (
                None if self.detector is None else f"{self.detector.name} ({self.detector.id})"
            ),
            "filter": lambda: None if self.filter is None else str(self.filter),
            "observed": self._observed,
            "exposure time": lambda: _with_unit(self.visit_info.exposure_time, "s"),
            "centre": self._centre,
            "zero point": lambda: _with_unit(self.zero_point, "mag"),
            "image": lambda: _spread(self.image),
            "variance": lambda: None if self.variance is None else _spread(self.variance),
            "mask": lambda: None if self.mask is None else str(self.mask),
            "components": lambda: ", ".join(self.components),
            "not understood": lambda: ", ".join(self.unknown),
            "header": lambda: f"{len(self.metadata)} cards",
        }
        shown = [
            (name, _shown_or_told(part)) for name, part in parts.items() if name not in without
        ]
        return [(name, value) for name, value in shown if value]

    def _observed(self) -> str | None:
        info = self.visit_info
        if info.date_begin:
            return f"{info.date_begin} {info.timescale.upper()}"
        if info.date_middle:  # a calexp has no other
            return f"{info.date_middle} {info.timescale.upper()} (the middle)"
        return None

    def _centre(self) -> str:
        wcs, reason = self.wcs_or_reason()
        if wcs is None or not wcs.has_celestial:
            return reason and f"unknown: {reason}"
        box = self.bbox
        x, y = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
        try:
            ra, dec = sphere.of_pixels(wcs, x, y)
        except FormatterError as error:
            return f"unknown: {error}"
        # from the WCS, not from a header with another one; `ctype` has TAN for TPV, too
        projection = wcs.to_header(relax=True)[f"CTYPE{wcs.wcs.lng + 1}"][-3:]
        return f"RA {float(ra):.5f} Dec {float(dec):+.5f} deg ({projection})"


@functools.cache
def _derived(cls: type) -> frozenset[str]:
    """Return the attributes of a class that are computed once from others."""
    kept = functools.cached_property
    return frozenset(name for name in dir(cls) if isinstance(getattr(cls, name, None), kept))


_FIELDS = tuple(field.name for field in dataclasses.fields(Exposure))
# The parts that can be set.
_PARTS = (*_FIELDS, *_COMPONENTS)


def rows_and_columns(shape: Sequence[int]) -> tuple[int, int]:
    """Return the numbers of rows and columns of an image; for a cube, of each plane."""
    rows, columns = (1, *shape)[-2:] if shape else (0, 0)
    return rows, columns


def _shown_or_told(part: Callable[[], str | None]) -> str | None:
    """Return a part of a summary, or the text of the error.

    The other parts are shown in any case.
    """
    try:
        return part()
    except Exception as error:  # code of a camera, with any header
        return told(error).partition("\n")[0]


def _with_unit(value: Any, unit: str) -> str | None:
    return None if value is None else f"{value:g} {unit}"


def _spread(array: NDArray[Any]) -> str:
    """Return the range and the median of the finite pixels; of many pixels, a sample."""
    low, high = (how.reduce(array, axis=None) if array.size else np.nan for how in _ENDS)
    if not np.isfinite(low - high):
        array = array[np.isfinite(array)]
        if not array.size:
            return "no finite pixel"
        low, high = array.min(), array.max()
    every = max(1, array.size // _SAMPLE)
    some = array.ravel()[:: every | 1]  # odd, because the numbers of rows and columns are even
    middle = np.median(some[np.isfinite(some)])
    return f"{low:g} to {high:g}, median {'about ' if every > 1 else ''}{middle:g}"


def _is_slices(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return bool(parts) and len(parts) < 3 and all(isinstance(part, slice) for part in parts)
