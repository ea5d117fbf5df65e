"""Gen2's name of `persistence.cameras.yamlgeom`."""

from persistence.cameras import yamlgeom
from persistence.gen2types.camerageom.camera import Camera

__all__ = ["makeCamera"]


def makeCamera(cameraFile: str) -> Camera:
    """Return the camera that a YAML file of the form of obs_base describes.

    Raises
    ------
    PolicyError
        If the file is not of this form.
    """
    return Camera.of(yamlgeom.read(cameraFile))
