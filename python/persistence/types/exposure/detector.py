"""Detectors and their amplifiers."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from persistence.errors import FormatterError
from persistence.types.archives.archive import Load, Table, Tables
from persistence.types.pixels.box import Box, box_of

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


@dataclass(frozen=True, slots=True)
class Amplifier:
    """One readout channel of a detector.

    Boxes are in pixels counted from 0. Gen2's class is ``lsst.afw.cameraGeom.Amplifier``
    (doc/gen2/afw-files.md 2.7).

    Parameters
    ----------
    name : `str`
        Its name, ``A``.
    data : `Box`
        The light-sensitive pixels in the raw image.
    overscan : `Box`
        The serial overscan in the raw image.
    prescan : `Box`
        The serial prescan in the raw image.
    postscan : `Box`
        The parallel overscan in the raw image.
    trimmed : `Box`
        Its pixels in the trimmed image.
    gain : `float` or `None`, optional
        Electrons per ADU; None if unknown.
    read_noise : `float` or `None`, optional
        In electrons; None if unknown.
    saturation : `float` or `None`, optional
        The level of saturation (ADU); None if unknown.
    suspect_level : `float` or `None`, optional
        The level above which the response is not linear (ADU); None if unknown.
    raw : `Box` or `None`, optional
        All its pixels in the raw image; None if unknown.
    corner : `str` or `None`, optional
        The corner that is read first, in the trimmed image: ``LL``, ``LR``, ``UR`` or ``UL``; None
        if unknown.
    flip_x, flip_y : `bool`, optional
        Whether raw columns or rows run against those of the trimmed image.
    linearity_type : `str`, optional
        The kind of correction for linearity.
    linearity : `tuple` [`float`, ...], optional
        The coefficients of that correction.

    Examples
    --------
    >>> from persistence import Box
    >>> from persistence.types.exposure.detector import Amplifier
    >>> none = Box(0, 0, 0, 0)
    >>> data = Box(56, 0, 1024, 4096)
    >>> overscan, trimmed = Box(6, 0, 50, 4096), data.shifted(-56, 0)
    >>> amplifier = Amplifier("A", data, overscan, none, none, trimmed, gain=4.0)
    >>> amplifier.trimmed.x0
    0
    """

    name: str
    data: Box
    overscan: Box
    prescan: Box
    postscan: Box
    trimmed: Box
    gain: float | None = None
    read_noise: float | None = None
    saturation: float | None = None
    suspect_level: float | None = None
    raw: Box | None = None
    corner: str | None = None
    flip_x: bool = False
    flip_y: bool = False
    linearity_type: str = ""
    linearity: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class FocalPlane:
    """The plate scale and distortion of a camera's focal plane.

    Parameters
    ----------
    scale : `float`
        Arcseconds per mm.
    flip_x : `bool`, optional
        Whether its x axis points east when its y axis points north; otherwise west.
    to_angle : `tuple` [`float`, ...], optional
        The coefficients of the polynomial from the distance to the optical axis (mm) to the field
        angle (rad); empty if unknown, or if the inverse is given.
    from_angle : `tuple` [`float`, ...], optional
        The coefficients of the polynomial from the field angle (rad) to the distance (mm); empty
        likewise. Without either, the scale applies everywhere.
    """

    scale: float
    flip_x: bool = False
    to_angle: tuple[float, ...] = ()
    from_angle: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector, with its amplifiers as far as header or policy describe them.

    Gen2's class is ``lsst.afw.cameraGeom.Detector`` (doc/gen2/afw-files.md 2.7).

    Parameters
    ----------
    name : `str`
        Its name.
    id : `int`
        Its number.
    serial : `str`, optional
        Its serial number.
    amplifiers : `tuple` [`Amplifier`, ...], optional
        Its readout channels.
    type : `str`, optional
        ``SCIENCE``, ``FOCUS``, ``GUIDER`` or ``WAVEFRONT``.
    physical_type : `str`, optional
        Its technology, ``CCD``.
    bbox : `Box` or `None`, optional
        Its trimmed pixels, counted from 0; None if unknown.
    pixel_size : `tuple` [`float`, `float`] or `None`, optional
        The width and height of a pixel (mm); None if unknown.
    position : `tuple` [`float`, `float`] or `None`, optional
        The position of ``reference`` in the focal plane (mm); None if unknown.
    reference : `tuple` [`float`, `float`] or `None`, optional
        A pixel of the trimmed image; None if unknown.
    orientation : `tuple` [`float`, `float`, `float`] or `None`, optional
        Yaw, pitch and roll (deg); None if unknown.
    transforms : object, optional
        The mappings between its coordinate systems that were stored with it; None without any.
    crosstalk : `numpy.ndarray` [`np.float32`] or `None`, optional
        The fraction of its signal that each amplifier adds to each other, shape (amplifiers,
        amplifiers); None if unknown.
    plane : `FocalPlane` or `None`, optional
        The focal plane's scale, from the camera's policy; None if unknown.

    Examples
    --------
    >>> from persistence import Box
    >>> from persistence.types.exposure.detector import Detector
    >>> detector = Detector(
    ...     "S28", 28, bbox=Box(0, 0, 2048, 4096), pixel_size=(0.015, 0.015),
    ...     position=(0.0, 0.0), reference=(1023.5, 2047.5),
    ... )
    >>> x, y = detector.to_focal_plane(0, 0)
    >>> round(float(x), 4), round(float(y), 4)
    (-15.3525, -30.7125)
    """

    name: str
    id: int
    serial: str = ""
    amplifiers: tuple[Amplifier, ...] = ()
    type: str = "SCIENCE"
    physical_type: str = ""
    bbox: Box | None = None
    pixel_size: tuple[float, float] | None = None
    position: tuple[float, float] | None = None
    reference: tuple[float, float] | None = None
    orientation: tuple[float, float, float] | None = None
    transforms: Any = field(default=None, compare=False, repr=False)
    crosstalk: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    plane: FocalPlane | None = None

    def __getitem__(self, name: str) -> Amplifier:
        for amplifier in self.amplifiers:
            if amplifier.name == name:
                return amplifier
        raise KeyError(
            f"detector {self.name} has amplifiers {[amp.name for amp in self.amplifiers]}, not "
            f"{name!r}"
        )

    def _ipython_key_completions_(self) -> list[str]:
        return [amplifier.name for amplifier in self.amplifiers]

    # -- the focal plane
    # -------------------------------------------------------------------------------------------

    @property
    def placed(self) -> bool:
        """Whether the detector's position in the focal plane is known."""
        return None not in (self.bbox, self.position, self.reference, self.pixel_size)

    def to_focal_plane(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return the positions of trimmed pixels in the focal plane.

        Parameters
        ----------
        x, y : `ArrayLike`
            Columns and rows (pixels from 0, the centre of the first), of any shape.

        Returns
        -------
        `tuple` [array, array]
            Positions (mm).

        Raises
        ------
        FormatterError
            If the detector's position is unknown.
        """
        from persistence.types.exposure import placement  # lazy: rarely needed, and imports numpy

        return placement.to_focal_plane(self)(x, y)

    def from_focal_plane(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return the trimmed pixels at positions in the focal plane; see `to_focal_plane`.

        Parameters
        ----------
        x, y : `ArrayLike`
            Positions (mm), of any shape.

        Returns
        -------
        `tuple` [array, array]
            Columns and rows (pixels from 0).

        Raises
        ------
        FormatterError
            If the detector's position is unknown.
        """
        from persistence.types.exposure import placement  # lazy: as above

        return placement.to_focal_plane(self).inverse(x, y)

    @property
    def corners(self) -> NDArray[np.float64]:
        """The outer corners of its pixels in the focal plane (mm), shape (4, 2).

        In order: lower left, lower right, upper right, upper left.
        """
        import numpy as np  # as above

        left, low, right, high = self._edges
        return np.stack(
            self.to_focal_plane([left, right, right, left], [low, low, high, high]), axis=-1
        )

    @property
    def centre(self) -> tuple[float, float]:
        """The position of its centre in the focal plane (mm)."""
        left, low, right, high = self._edges
        x, y = self.to_focal_plane((left + right) / 2, (low + high) / 2)
        return float(x), float(y)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a position is on the detector, including its outer edges.

        Parameters
        ----------
        x, y : `float`
            Column and row (pixels from 0).

        Returns
        -------
        `bool`
            Whether it is on the detector.
        """
        left, low, right, high = self._edges
        return bool(left <= x <= right and low <= y <= high)

    @property
    def _edges(self) -> tuple[float, float, float, float]:
        """The outer edges of its pixels: left, low, right and high."""
        if self.bbox is None:
            raise FormatterError(f"the size of detector {self.name} is unknown")
        box = self.bbox
        left, low = box.x0 - 0.5, box.y0 - 0.5
        return left, low, left + box.width, low + box.height

    # -- afw's names, for scripts written for it
    # -------------------------------------------------------------------------------------------

    def getName(self) -> str:
        """Return the name."""
        return self.name

    def getId(self) -> int:
        """Return the number."""
        return self.id

    def getSerial(self) -> str:
        """Return the serial number."""
        return self.serial

    def getAmplifiers(self) -> tuple[Amplifier, ...]:
        """Return the amplifiers."""
        return self.amplifiers

    def getBBox(self) -> Box | None:
        """Return the box of trimmed pixels; None if unknown."""
        return self.bbox


TYPES = ("SCIENCE", "FOCUS", "GUIDER", "WAVEFRONT")
_CORNERS = ("LL", "LR", "UR", "UL")
_ENDS = ("min_x", "min_y", "extent_x", "extent_y")
_AREAS = {
    "data": "raw_databbox",
    "overscan": "raw_horizontaloverscanbbox",
    "prescan": "raw_prescanbbox",
    "postscan": "raw_verticaloverscanbbox",
    "trimmed": "bbox",
    "raw": "raw_bbox",
}


def make(tables: Tables, load: Load) -> Detector:
    """Return a detector from its tables: its own, and its amplifiers' (afw-files 2.7)."""
    import numpy as np  # lazy: not needed for detectors from headers

    own, amplifiers = tables
    row = {name: column[0] for name, column in own.items()}
    crosstalk = np.asarray(row.get("crosstalk", ()))
    return Detector(
        name=row["name"],
        id=int(row["id"]),
        serial=row["serial"],
        amplifiers=tuple(
            amplifier(amplifiers, number) for number in range(len(amplifiers["name"]))
        ),
        type=TYPES[int(row["type"])],
        physical_type=row.get("physicalType", ""),
        bbox=box_of(own),
        pixel_size=(float(row["pixelSize_x"]), float(row["pixelSize_y"])),
        position=(float(row["fpPosition_x"]), float(row["fpPosition_y"])),
        reference=(float(row["refPoint_x"]), float(row["refPoint_y"])),
        orientation=tuple(math.degrees(row[angle]) for angle in ("yaw", "pitch", "roll")),  # type: ignore[arg-type]
        transforms=load(row["transformMap"]),
        crosstalk=crosstalk.reshape(math.isqrt(crosstalk.size), -1) if crosstalk.size else None,
    )


def amplifier(table: Table, number: int) -> Amplifier:
    """Return the amplifier of a row of afw's table (doc/gen2/afw-files.md 2.7)."""
    row = {name: column[number] for name, column in table.items()}
    areas = {
        name: Box(*(int(row[f"{prefix}_{end}"]) for end in _ENDS))
        for name, prefix in _AREAS.items()
    }
    return Amplifier(
        name=row["name"],
        gain=float(row["gain"]),
        read_noise=float(row["readnoise"]),
        saturation=float(row["saturation"]),
        suspect_level=_unless_nan(row.get("suspectlevel", math.nan)),
        corner=_CORNERS[int(row["readoutcorner"])],
        flip_x=bool(row["raw_flip_x"]),
        flip_y=bool(row["raw_flip_y"]),
        linearity_type=row["linearity_type"],
        linearity=tuple(float(number) for number in row["linearity_coeffs"]),
        **areas,
    )


def _unless_nan(number: Any) -> float | None:
    return None if math.isnan(number) else float(number)
