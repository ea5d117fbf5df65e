"""Gen2's CameraMapper: its hooks and assemblers are given afw's method names."""

from __future__ import annotations

from typing import Any, ClassVar

from persistence.cameras import camera_mapper


class _OfEveryCamera(type):
    """Lets every camera's mapper be an instance of `CameraMapper`, as it was in Gen2."""

    def __subclasscheck__(cls, subclass: Any) -> bool:
        if cls is CameraMapper:
            return issubclass(subclass, camera_mapper.CameraMapper)
        return super().__subclasscheck__(subclass)

    def __instancecheck__(cls, instance: Any) -> bool:
        return cls.__subclasscheck__(type(instance))


class CameraMapper(camera_mapper.CameraMapper, metaclass=_OfEveryCamera):
    """A `persistence.CameraMapper` whose hooks are given objects with afw's method names.

    It is what ``lsst.obs.base.CameraMapper`` stands for.
    """

    objects: ClassVar[str] = "gen2"
