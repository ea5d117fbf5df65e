"""Exposures: an image with its mask, variance, header, and what the header tells."""

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

# Parts that lie in `Exposure.components`: those of the archive, and two more.
_COMPONENTS = (*KEYS, "visit_info", "unit")
# Planes whose pixels are no measurement of the sky.
_BAD = ("BAD", "SAT", "EDGE", "NO_DATA")
# The smallest and the largest number, but for NaN; and of so many pixels a median is good enough.
_ENDS, _SAMPLE = (np.fmin, np.fmax), 500_000


@dataclass(eq=False, repr=False)
class Exposure(ExposureNames, Sharing):
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
        Column and row of the first pixel in the image that the header describes; not 0 for a part
        of it.
    translator : `HeaderTranslator`
        Knows the camera's header keywords.
    dataId : mapping
        The data ID that it was read by.
    given_wcs : `astropy.wcs.WCS` or None
        A world coordinate system in place of the header's, of the parent image's pixels.
    components : `Components`
        What came with the image in afw's archive, or was given: ``psf``, ``photo_calib``, ... by
        name.
    lookup_tables : `astropy.io.fits.HDUList` or None
        The tables of distortions that the header's world coordinate system names, if it does.
    path : `str`
        The file that it was read from, for messages.

    Notes
    -----
    Positions are in the pixels of the parent image, of which this one may be a part: those of
    `bbox`, `wcs`, ``psf``, ``photo_calib`` and the catalogs of its sources. The middle of the
    array's first pixel is ``(bbox.x0, bbox.y0)``; `local_wcs` alone counts from there.

    Each attribute can be set, and each component by its name: ``exposure.psf = psf``; see
    `replaced`, which returns a changed copy. What is derived from the header is computed, and what
    lies in the archive is loaded, when it is first used, and anew after a part was set. The arrays
    can be changed in place.
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
        """Set a part, and forget what was derived from the parts or is shared.

        An exposure in place of ``image``, ``mask`` or ``variance`` is taken as its pixels.

        Raises
        ------
        FormatterError
            If a mask or a variance has not the size of the image, or what is set as the mask does
            not name its bits.
        AttributeError
            If no part of that name can be set.
        """
        if name.startswith("_"):
            super().__setattr__(name, value)
            return
        if name not in _parts():
            raise AttributeError(
                f"Exposure has no part {name!r} that can be set{did_you_mean(name, _parts())}"
            )
        if name in plane.NAMES:
            value = plane.of(name, value)
            pixels = getattr(value, "array", value)
            # the image comes first: the other planes follow its size
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
        """Set ``image``, ``mask`` or ``variance`` to what is in another dataset.

        Raises
        ------
        FormatterError
            If it is not of the size of this image, or not what such a plane holds.
        """
        value = plane.of(name, value)
        plane.check(name, value, self.image.shape)
        setattr(self, name, value)

    def replaced(self, **parts: Any) -> Exposure:
        """Return a copy with some attributes replaced; arrays are shared.

        Components are replaced by name, too: ``psf``, ``wcs``, ``photo_calib``, ``filter``,
        ``detector``, ``ap_corr_map``, ``valid_polygon``, ``coadd_inputs``, ``transmission_curve``,
        ``visit_info``, ``unit``. A ``wcs`` counts the pixels of the parent image, whether it is one
        of FITS or of afw. None takes a component away; what the header says of it then holds.
        """
        return dataclasses.replace(self, **self._as_fields(parts))

    def _as_fields(self, parts: Mapping[str, Any]) -> dict[str, Any]:
        """Return the attributes that hold some parts."""
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
        """The header as afw gives it.

        Without the cards of the sky, the visit, the archive, the HDU.
        """
        return afwheader.observers(self.metadata)

    @functools.cached_property
    def wcs(self) -> WCS | None:
        """Pixels of the parent image to the sky; None if neither header nor archive has it.

        Pixels are counted as by `bbox`: the middle of the array's first one is ``(bbox.x0,
        bbox.y0)``, and a part has the same WCS as the whole. It is the header's, repaired as
        astropy does, in the frame that the header tells. One that FITS does not know is fitted over
        this image; ``components["wcs"]`` is exact.

        Raises
        ------
        FormatterError
            If the header's cards make none. They are kept, and written as they are.
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
        """A copy of `wcs` that counts pixels from the array's first one; None if there is none.

        The middle of that pixel is (0, 0): so do files, arrays, and astropy's images.
        """
        if self.wcs is None:
            return None
        local = shifted(self.wcs, self.origin)
        local.array_shape = rows_and_columns(self.image.shape)
        return local

    def wcs_or_reason(self) -> tuple[WCS | None, str]:
        """Return the WCS, and where its cards make none, why; else an empty text."""
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
        """Return the array's rows and columns if it begins where the parent image does."""
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
        """The header that tells the sky: of afw's exposures, the image's own.

        The raw's may be beside.
        """
        afws = self.primary is not None and "AR_HDU" in self.primary and "CTYPE1" in self.header
        return self.header if afws else self.metadata

    @functools.cached_property
    def psf(self) -> Any:
        """The point spread function; None if there is none."""
        return self.shared("psf", lambda: self.components.get("psf"))

    @functools.cached_property
    def photo_calib(self) -> PhotoCalib | None:
        """What a count is worth.

        By the archive, else by afw's old keywords, else by the camera's zero point.
        """
        return self.shared("photoCalib", self._photo_calib)  # type: ignore[no-any-return]

    def _photo_calib(self) -> PhotoCalib | None:
        if "photo_calib" in self.components:
            return self.components["photo_calib"]  # type: ignore[no-any-return]
        return calibration_of(self.metadata, self.translator)

    @functools.cached_property
    def filter(self) -> FilterLabel | None:
        """The filter: band, physical filter, and the short name that data IDs use."""
        stored = self.components.get("filter")
        if isinstance(stored, FilterLabel):
            return self.translator.completed(stored)
        return self.translator.filter(self.metadata, self.dataId)

    @functools.cached_property
    def visit_info(self) -> VisitInfo:
        """Exposure time, observation time, pointing."""
        if "visit_info" in self.components:
            return self.components["visit_info"]  # type: ignore[no-any-return]
        return visit_of(self.metadata, self.translator)

    @functools.cached_property
    def detector(self) -> Detector | None:
        """The detector and its amplifiers; None if neither archive nor header tells."""
        if "detector" in self.components:
            return self.components["detector"]  # type: ignore[no-any-return]
        return self.translator.detector_of(self.metadata, self.dataId)

    @functools.cached_property
    def ap_corr_map(self) -> ApCorrMap | None:
        """The aperture corrections; None if there are none."""
        return self.components.get("ap_corr_map")

    @functools.cached_property
    def valid_polygon(self) -> Polygon | None:
        """The part of the image that is lit; None if it is not known."""
        return self.components.get("valid_polygon")

    @functools.cached_property
    def coadd_inputs(self) -> CoaddInputs | None:
        """What a coadd was made of; None if it is none."""
        return self.components.get("coadd_inputs")

    @functools.cached_property
    def transmission_curve(self) -> Any:
        """The throughput by wavelength; None if it is not known."""
        return self.components.get("transmission_curve")

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of components whose classes are not known here.

        Their tables are kept as they were stored.
        """
        return self.components.unknown

    @property
    def zero_point(self) -> float | None:
        """The magnitude that gives one count (mag); None if the image is not calibrated."""
        calib = self.photo_calib
        return None if calib is None else calib.zero_point

    @functools.cached_property
    def unit(self) -> UnitBase | None:
        """The unit of a pixel; None if it is not known."""
        given = self.components.given.get("unit")
        if given is None:
            return unit_of(self.header, self.metadata)
        unit: UnitBase | None = parse(given) if isinstance(given, str) else given
        return unit

    def to_ccddata(self, unit: Any = None, bad: Iterable[str] = _BAD) -> CCDData:
        """Make astropy's image of it; the arrays are shared, and its WCS is `local_wcs`.

        Parameters
        ----------
        unit : optional
            The unit of a pixel; if it is absent, ``self.unit``, or no unit if that is not known.
        bad : iterable of `str`
            The planes of the mask whose pixels are masked. All planes are in ``flags``.
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
        """Column and row of the first pixel in the parent image's numbers (afw's XY0)."""
        x0, y0 = xy0(self.header)
        return x0 + self.cutout[0], y0 + self.cutout[1]

    @property
    def bbox(self) -> Box:
        """Where the pixels lie in the parent image; of a cube, each of its planes."""
        rows, columns = rows_and_columns(self.image.shape)
        return Box(*self.origin, columns, rows)

    def __getitem__(self, box: Any) -> Exposure:
        """Cut a part out; the arrays are views.

        Parameters
        ----------
        box : `Box` or slices
            A box in the pixel numbers of the parent image, or, as of an array, rows and columns of
            this one.
        """
        box = self._box_of(box) if _is_slices(box) else Box.from_any(box)
        if not self.bbox.contains(box):
            raise DataIdError(f"{box} is not inside the image, which is {self.bbox}")
        inside = box.shifted(-self.origin[0], -self.origin[1])
        # Columns and rows are the last axes; an image of one axis is one row.
        part = (..., *inside.slices[-self.image.ndim :])
        return self.replaced(
            image=self.image[part],
            mask=None if self.mask is None else Mask(self.mask.array[part], self.mask.planes),
            variance=None if self.variance is None else self.variance[part],
            cutout=(self.cutout[0] + inside.x0, self.cutout[1] + inside.y0),
        )

    def _box_of(self, slices: Any) -> Box:
        """Give the box that slices cut out, in the pixel numbers of the parent image."""
        rows, columns = (
            (*slices, slice(None))[:2] if isinstance(slices, tuple) else (slices, slice(None))
        )
        number_of_rows, number_of_columns = rows_and_columns(self.image.shape)
        y0, y1, dy = rows.indices(number_of_rows)
        x0, x1, dx = columns.indices(number_of_columns)
        if (dy, dx) != (1, 1):
            raise DataIdError(f"a part of an exposure has every pixel, not each {dx} x {dy}")
        return Box(x0, y0, max(x1 - x0, 0), max(y1 - y0, 0)).shifted(*self.origin)

    def __str__(self) -> str:
        pixels = " x ".join(str(length) for length in reversed(self.image.shape))
        width = max(len(name) for name, _ in self.summary())
        lines = "".join(f"\n  {name:<{width}}  {value}" for name, value in self.summary())
        return f"Exposure of {pixels} pixels, {self.image.dtype.name}{lines}"

    __repr__ = __str__

    @notebook.shows
    def _repr_html_(self) -> Html:
        from persistence.types.exposure import shown  # lazy: only notebooks need it

        return shown.html(self)

    def plot(
        self,
        mask: bool | Iterable[str] = True,
        sources: Any = None,
        wcs: bool = True,
        title: str | None = None,
        size: float = 8.0,
    ) -> Any:
        """Return a figure: the image in grey, the planes of its mask, sources, the sky's axes.

        Parameters
        ----------
        mask : `bool` or iterable of `str`
            Which planes of the mask are drawn; True draws those that some pixel has.
        sources : `~persistence.types.table.catalog.Catalog` or tuple of two arrays, optional
            What is circled: a catalog, or columns and rows (pixels of the parent image).
        wcs : `bool`
            Whether the axes show RA and Dec, where the exposure has a WCS; else pixels of the
            parent image.
        title : `str`, optional
            By default, the data ID.
        size : `float`
            How long the longer side of the image is (inches).

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
        from persistence.types.exposure import shown  # lazy: only who draws needs it

        return shown.figure(self, mask, sources, wcs, title, size)

    def summary(self, without: Collection[str] = ()) -> list[tuple[str, str]]:
        """Return what a user wants to know first, as names and values.

        What a damaged header cannot tell is an error's text there.

        Parameters
        ----------
        without : collection of `str`
            Names that are left out.
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
        if info.date_middle:  # of a calexp, which has no other
            return f"{info.date_middle} {info.timescale.upper()} (the middle)"
        return None

    def _centre(self) -> str:
        wcs, reason = self.wcs_or_reason()
        if wcs is None or not wcs.has_celestial:
            return reason and f"not known: {reason}"
        box = self.bbox
        x, y = box.x0 + (box.width - 1) / 2, box.y0 + (box.height - 1) / 2
        try:
            ra, dec = sphere.of_pixels(wcs, x, y)
        except FormatterError as error:
            return f"not known: {error}"
        # of the WCS, not of a header that came with another one; `ctype` has TAN for TPV too
        projection = wcs.to_header(relax=True)[f"CTYPE{wcs.wcs.lng + 1}"][-3:]
        return f"RA {float(ra):.5f} Dec {float(dec):+.5f} deg ({projection})"


@functools.cache
def _parts() -> tuple[str, ...]:
    """Return what can be set of an exposure; every one that is made sets a dozen."""
    return (*(field.name for field in dataclasses.fields(Exposure)), *_COMPONENTS)


@functools.cache
def _derived(cls: type) -> frozenset[str]:
    """Return the attributes of a class that are computed once from the others."""
    kept = functools.cached_property
    return frozenset(name for name in dir(cls) if isinstance(getattr(cls, name, None), kept))


def rows_and_columns(shape: Sequence[int]) -> tuple[int, int]:
    """Return the numbers of rows and columns of an image: of a cube, those of a plane."""
    rows, columns = (1, *shape)[-2:] if shape else (0, 0)
    return rows, columns


def _shown_or_told(part: Callable[[], str | None]) -> str | None:
    """Return a part of a summary, or why it cannot be had; the others are shown in any case."""
    try:
        return part()
    except Exception as error:  # a camera's own code, on a header of any kind
        return told(error).partition("\n")[0]


def _with_unit(value: Any, unit: str) -> str | None:
    return None if value is None else f"{value:g} {unit}"


def _spread(array: NDArray[Any]) -> str:
    """Return the range and the median of the finite pixels; of many, that of every nth one."""
    low, high = (how.reduce(array, axis=None) if array.size else np.nan for how in _ENDS)
    if not np.isfinite(low - high):
        array = array[np.isfinite(array)]
        if not array.size:
            return "no finite pixel"
        low, high = array.min(), array.max()
    every = max(1, array.size // _SAMPLE)
    some = array.ravel()[:: every | 1]  # an odd number: rows and columns have even ones
    middle = np.median(some[np.isfinite(some)])
    return f"{low:g} to {high:g}, median {'about ' if every > 1 else ''}{middle:g}"


def _is_slices(index: Any) -> bool:
    parts = index if isinstance(index, tuple) else (index,)
    return bool(parts) and len(parts) < 3 and all(isinstance(part, slice) for part in parts)
