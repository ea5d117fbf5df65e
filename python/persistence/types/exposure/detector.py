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

    Attributes
    ----------
    name : `str`
        Its name, ``A``.
    data, overscan, prescan, postscan : `Box`
        Where in the raw image its light-sensitive pixels, the serial overscan, the prescan and the
        parallel overscan lie.
    trimmed : `Box`
        Where its pixels lie in the trimmed image.
    gain : `float` or None
        Electrons per ADU.
    read_noise : `float` or None
        In electrons.
    saturation, suspect_level : `float` or None
        In ADU: what is full, and what is no longer linear. None of these if it is not known.
    raw : `Box` or None
        Where all its pixels lie in the raw image.
    corner : `str` or None
        The corner that is read first, in the trimmed image: ``LL``, ``LR``, ``UR`` or ``UL``.
    flip_x, flip_y : `bool`
        Whether raw columns or rows run against those of the trimmed image.
    linearity_type : `str`
        How its pixels are made linear.
    linearity : `tuple` [`float`]
        The coefficients of that.
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
    """What the focal plane of a camera shows of the sky.

    Attributes
    ----------
    scale : `float`
        Arcseconds per mm.
    flip_x : `bool`
        Whether its x axis points to the east where its y axis points to the north; else to the
        west.
    to_angle : `tuple` [`float`]
        The polynomial of the distance from the optical axis (mm) that gives the field angle (rad);
        empty if it is not known, or stated the other way round.
    from_angle : `tuple` [`float`]
        The polynomial of the field angle (rad) that gives the distance (mm); empty likewise.
        Without either, the scale holds everywhere.
    """

    scale: float
    flip_x: bool = False
    to_angle: tuple[float, ...] = ()
    from_angle: tuple[float, ...] = ()


@dataclass(frozen=True, slots=True)
class Detector:
    """A detector, with its amplifiers where the header tells of them.

    Attributes
    ----------
    name, id, serial : `str`, `int`, `str`
        What it is called.
    amplifiers : `tuple` [`Amplifier`]
        Its readout channels.
    type : `str`
        ``SCIENCE``, ``FOCUS``, ``GUIDER`` or ``WAVEFRONT``.
    physical_type : `str`
        What it is made of, ``CCD``.
    bbox : `Box` or None
        Its trimmed pixels.
    pixel_size : `tuple` [`float`, `float`] or None
        In mm.
    position : `tuple` [`float`, `float`] or None
        Where ``reference`` lies in the focal plane, in mm.
    reference : `tuple` [`float`, `float`] or None
        A pixel.
    orientation : `tuple` [`float`, `float`, `float`] or None
        Yaw, pitch and roll (deg).
    transforms : mapping or None
        What leads from one of its coordinate systems to another.
    crosstalk : array, shape (amplifiers, amplifiers), or None
        The fraction of a signal that each amplifier adds to each other.
    plane : `FocalPlane` or None
        The focal plane, where the camera's policy tells of it.
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
        """Whether it is known where the detector lies in the focal plane."""
        return None not in (self.bbox, self.position, self.reference, self.pixel_size)

    def to_focal_plane(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return where trimmed pixels lie in the focal plane (mm); x and y are broadcast.

        Raises
        ------
        FormatterError
            If nothing tells where the detector lies.
        """
        from persistence.types.exposure import placement  # lazy: few ask, and it needs numpy

        return placement.to_focal_plane(self)(x, y)

    def from_focal_plane(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return the pixels of points of the focal plane (mm); see `to_focal_plane`."""
        from persistence.types.exposure import placement  # lazy: as above

        return placement.to_focal_plane(self).inverse(x, y)

    @property
    def corners(self) -> NDArray[np.float64]:
        """The corners of its pixels in the focal plane (mm), shape (4, 2).

        In the order of lower left, lower right, upper right and upper left pixels.
        """
        import numpy as np  # as above

        left, low, right, high = self._edges
        return np.stack(
            self.to_focal_plane([left, right, right, left], [low, low, high, high]), axis=-1
        )

    @property
    def centre(self) -> tuple[float, float]:
        """Where the middle of its pixels lies in the focal plane (mm)."""
        left, low, right, high = self._edges
        x, y = self.to_focal_plane((left + right) / 2, (low + high) / 2)
        return float(x), float(y)

    def holds(self, x: float, y: float) -> bool:
        """Return whether a position, in pixels, is on the detector, outer edges included."""
        left, low, right, high = self._edges
        return bool(left <= x <= right and low <= y <= high)

    @property
    def _edges(self) -> tuple[float, float, float, float]:
        """Where its pixels end: left, low, right and high."""
        if self.bbox is None:
            raise FormatterError(f"nothing tells how many pixels detector {self.name} has")
        box = self.bbox
        left, low = box.x0 - 0.5, box.y0 - 0.5
        return left, low, left + box.width, low + box.height

    # -- afw's names, for scripts written for it
    # -------------------------------------------------------------------------------------------

    def getName(self) -> str:
        return self.name

    def getId(self) -> int:
        return self.id

    def getSerial(self) -> str:
        return self.serial

    def getAmplifiers(self) -> tuple[Amplifier, ...]:
        return self.amplifiers

    def getBBox(self) -> Box | None:
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
    """Build a detector from its tables: itself, and its amplifiers (afw-files 2.7)."""
    import numpy as np  # whoever knows a detector by its header needs none

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
    """Return an amplifier of a row of afw's table of them (afw-files 2.7)."""
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
