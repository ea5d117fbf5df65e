"""Cameras: detectors in a focal plane."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from persistence.errors import NoSuchDetector, did_you_mean
from persistence.types.exposure import placement
from persistence.types.exposure.detector import Detector, FocalPlane
from persistence.types.wcs.transforms import TransformMap


@dataclass(frozen=True, eq=False)
class Camera:
    """The detectors of a camera, by number and by name.

    Iteration yields the detectors in order, and ``len`` is their number. ``camera[28]`` and
    ``camera["S28"]`` return a detector. Gen2's class is ``lsst.afw.cameraGeom.Camera``.

    Parameters
    ----------
    name : `str`
        The camera's name.
    detectors : `tuple` [`Detector`, ...]
        The detectors, in the order of their numbers.
    plane : `FocalPlane` or `None`, optional
        The focal plane's scale and distortion; None if unknown.
    pupil_factory : `str`, optional
        The dotted name of Gen2's class for the pupil.

    Examples
    --------
    >>> from persistence.types.exposure.camera import Camera
    >>> from persistence.types.exposure.detector import Detector
    >>> camera = Camera("test", (Detector("A", 0), Detector("B", 1)))
    >>> len(camera), camera["B"].id
    (2, 1)
    """

    name: str
    detectors: tuple[Detector, ...]
    plane: FocalPlane | None = None
    pupil_factory: str = "lsst.afw.cameraGeom.pupil.PupilFactory"

    @functools.cached_property
    def _by_key(self) -> Mapping[int | str, Detector]:
        by_number: dict[int | str, Detector] = {each.id: each for each in self.detectors}
        return by_number | {each.name: each for each in self.detectors}

    def __getitem__(self, key: int | str) -> Detector:
        """Return a detector by its number or its name.

        Raises
        ------
        NoSuchDetector
            If the camera has no detector of this number or name.
        """
        if key not in self._by_key:
            known = [each.name for each in self.detectors]
            numbers = [each.id for each in self.detectors]
            span = f" {min(numbers)} to {max(numbers)}" if numbers else ""
            hint = did_you_mean(key, known) if isinstance(key, str) else ""
            raise NoSuchDetector(
                f"camera {self.name} has no detector {key!r}{hint}; it has {len(known)}:{span}"
            )
        return self._by_key[key]

    def _ipython_key_completions_(self) -> list[int | str]:
        return list(self._by_key)

    def __contains__(self, key: object) -> bool:
        return key in self._by_key or key in self.detectors

    def __iter__(self) -> Iterator[Detector]:
        return iter(self.detectors)

    def __len__(self) -> int:
        return len(self.detectors)

    def __str__(self) -> str:
        return f"camera {self.name}: {len(self)} detectors"

    __repr__ = __str__

    @functools.cached_property
    def transforms(self) -> TransformMap:
        """The mappings between the coordinate systems of the camera and of its detectors."""
        links: dict[Any, Any] = {}
        for detector in self.detectors:
            links |= placement.systems(detector, self.plane).links
        if self.plane is not None:
            links.setdefault(
                (placement.FOCAL_PLANE, placement.FIELD_ANGLE),
                placement.to_field_angle(self.plane),
            )
        return TransformMap(links)

    def at(self, x: float, y: float) -> list[Detector]:
        """Return the detectors that contain a point of the focal plane, including their edges.

        Parameters
        ----------
        x, y : `float`
            The point (mm).

        Returns
        -------
        `list` [`Detector`]
            The detectors; several only on common edges.
        """
        return [
            detector
            for detector in self.detectors
            if detector.placed and detector.holds(*detector.from_focal_plane(x, y))
        ]

    @property
    def bounds(self) -> NDArray[np.float64]:
        """The least and the greatest x and y of the detectors' corners (mm), shape (2, 2)."""
        corners = np.concatenate([each.corners for each in self.detectors if each.placed])
        return np.stack([corners.min(axis=0), corners.max(axis=0)])

    def field_angle(self, x: ArrayLike, y: ArrayLike) -> tuple[Any, Any]:
        """Return the field angles of points of the focal plane.

        Parameters
        ----------
        x, y : `ArrayLike`
            The points (mm), of any shape.

        Returns
        -------
        `tuple` [array, array]
            The angles from the optical axis in x and y (rad).
        """
        return self.transforms["FocalPlane", "FieldAngle"](x, y)
