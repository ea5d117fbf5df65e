"""Functions with which camera packages create their camera, by the names of afw's cameraGeom."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from persistence.cameras import camgeom
from persistence.gen2types.camerageom.camera import Camera
from persistence.gen2types.camerageom.orientation import Orientation
from persistence.gen2types.exceptions import NotFoundError
from persistence.gen2types.mappings import (
    TransformPoint2ToPoint2,
    linearizeTransform,
    makeTransform,
)
from persistence.types.metadata.config import Config

__all__ = ["CameraConfig", "NullLinearityType", "makeCameraFromPath", "makePixelToTanPixel"]

# What the type of an amplifier's linearity is, if there is none.
NullLinearityType = "None"


class CameraConfig:
    """The description of a camera in a file ``camera.py``. It is parsed, and never run."""

    def __init__(self) -> None:
        self._config: Config | None = None
        self._path = "camera.py"

    def load(self, filename: str, root: str = "config") -> None:
        """Read the file.

        Raises
        ------
        PolicyError
            If it holds anything but assignments.
        """
        self._config, self._path = camgeom.parsed(filename), filename

    def _loaded(self) -> tuple[Config, str]:
        if self._config is None:
            raise NotFoundError("the camera's configuration is not loaded; call load(path) first")
        return self._config, self._path

    def __getattr__(self, name: str) -> Any:
        if name.startswith("_"):
            raise AttributeError(name)
        return getattr(self._loaded()[0], name)


def makeCameraFromPath(
    cameraConfig: CameraConfig,
    ampInfoPath: str,
    shortNameFunc: Callable[[str], str],
    pupilFactoryClass: Any = None,
) -> Camera:
    """Return the camera of a configuration, with tables of amplifiers.

    Parameters
    ----------
    cameraConfig : `CameraConfig`
        The configuration, loaded.
    ampInfoPath : `str`
        The directory of the tables.
    shortNameFunc : callable
        Gives the name of a detector's table, without ``.fits``.
    pupilFactoryClass : `type`, optional
        Not used.
    """
    config, path = cameraConfig._loaded()
    return Camera.of(camgeom.of_config(config, path, ampInfoPath, shortNameFunc))


def makePixelToTanPixel(
    bbox: Any, orientation: Orientation, focalPlaneToField: Any, pixelSizeMm: Any
) -> TransformPoint2ToPoint2:
    """Return the transform of a detector's pixels to those that it had without distortion."""
    to_field = orientation.makePixelFpTransform(pixelSizeMm).then(focalPlaneToField)
    axis = to_field.applyInverse(type(orientation.fpPosition)(0.0, 0.0))
    back = makeTransform(linearizeTransform(to_field, axis).inverted())
    transform: TransformPoint2ToPoint2 = to_field.then(back)
    return transform
