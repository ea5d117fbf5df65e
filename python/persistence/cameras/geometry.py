"""The camera of a policy: its detectors, their positions in the focal plane, their amplifiers.

A policy's ``camera`` names a directory with either our ``detectors.yaml`` or the files of Gen2's
camera packages: ``camera.py`` and tables of amplifiers (`persistence.cameras.camgeom`); or a YAML
file of Gen2's obs_base (`persistence.cameras.yamlgeom`). Without one, the policy's ``focalPlane``
and the names of its detectors describe the camera.
"""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.errors import PolicyError
from persistence.files import yaml_nodes
from persistence.types.exposure.detector import Amplifier, Detector, FocalPlane
from persistence.types.pixels.box import Box

if TYPE_CHECKING:
    from persistence.policy.load import CameraPolicy
    from persistence.types.exposure.camera import Camera

TABLE, GEN2 = "detectors.yaml", "camera.py"
# Sections of our table that list detectors, and Gen2's names of these types.
_TYPES: Mapping[str, str] = {
    "science": "SCIENCE",
    "focus": "FOCUS",
    "guide": "GUIDER",
    "wavefront": "WAVEFRONT",
}
_AREAS = ("data", "overscan", "prescan", "postscan", "trimmed")
_NUMBERS = ("gain", "read_noise", "saturation")


def camera(policy: CameraPolicy, directory: str | None, names: Mapping[int, str]) -> Camera | None:
    """Return the camera that a policy describes; None if it has no positions of detectors.

    Parameters
    ----------
    policy : `CameraPolicy`
        The policy.
    directory : `str` or `None`
        The directory to which the policy's ``camera`` is relative; None for the policy's own.
    names : mapping of `int` to `str`
        The names of the camera's detectors by number.

    Returns
    -------
    `Camera` or None
        The camera.

    Raises
    ------
    PolicyError
        If a file is invalid; the message names it.
    """
    from persistence.types.exposure.camera import Camera  # lazy: rarely needed, and imports numpy

    said, settings = policy.settings.get("camera"), policy.settings
    own = os.path.dirname(policy.path)
    for base in (own if directory is None else directory, own):
        folder = os.path.normpath(os.path.join(base, said or "none"))
        table, gen2 = os.path.join(folder, TABLE), os.path.join(folder, GEN2)
        if os.path.isfile(table):
            return of_table(table)
        if said and os.path.isfile(folder):
            from persistence.cameras import yamlgeom  # lazy: as below

            return yamlgeom.read(folder)
        if os.path.isfile(gen2):
            from persistence.cameras import camgeom  # lazy: only for packages of Gen2

            return camgeom.read(gen2)
    if "focalPlane" not in settings:
        return None
    section = settings["focalPlane"]
    plane = _plane(section)
    detectors = [
        _detector(section, number, name, offset, plane, float(section.get("yaw", 0.0)))
        for number, name in sorted(_named(names, settings).items())
        if (offset := _offset(section, settings["detectors"], number, name)) is not None
    ]
    name = section.get("name", said or os.path.basename(policy.path))
    return Camera(str(name), tuple(detectors), plane)


def _named(names: Mapping[int, str], settings: Mapping[str, Any]) -> Mapping[int, str]:
    """Return the names of detectors: those of a list, or the one name of a camera with one."""
    form = settings["detectors"].get("name", "%")
    offsets = settings["focalPlane"]["offsets"].get(settings["detectors"]["key"], {})
    if names or "%" in form:
        return names
    return {int(number): form for number in offsets}


def of_table(path: str) -> Camera:
    """Return the camera of a file ``detectors.yaml``, without detectors that have no position.

    Raises
    ------
    PolicyError
        If the file is invalid.
    """
    from persistence.types.exposure.camera import Camera  # lazy: as above

    table = yaml_nodes.load(path)
    section = table.get("focalPlane")
    if not isinstance(section, Mapping):
        raise PolicyError(f"{path} has no focalPlane with the size of detectors")
    plane = _plane(section)
    try:
        detectors = [
            _detector(
                section, int(number), entry["name"], (entry["x"], entry["y"]), plane,
                yaw=entry.get("yaw", 0.0), kind=kind,
            )
            for section_name, kind in _TYPES.items()
            for number, entry in table.get(section_name, {}).items()
            if "x" in entry
        ]  # fmt: skip
        name = str(table.get("name", os.path.basename(os.path.dirname(path))))
        return Camera(name, tuple(sorted(detectors, key=lambda each: each.id)), plane)
    except (KeyError, TypeError, ValueError) as error:
        raise PolicyError(f"{path}: the description of a detector is invalid: {error!r}") from error


def _plane(section: Mapping[str, Any]) -> FocalPlane:
    radial = {
        name: tuple(float(each) for each in section.get(key, ()))
        for name, key in (("to_angle", "toAngle"), ("from_angle", "fromAngle"))
    }
    return FocalPlane(float(section["scale"]), bool(section.get("flipX", False)), **radial)


def _detector(
    section: Mapping[str, Any],
    number: int,
    name: str,
    position: tuple[float, float],
    plane: FocalPlane,
    yaw: float = 0.0,
    kind: str = "SCIENCE",
) -> Detector:
    side, size = float(section["pixel"]), section.get("size")
    return Detector(
        name=name,
        id=number,
        serial=str(number),
        amplifiers=tuple(_amplifiers(section.get("amplifiers", {}), name)),
        type=kind,
        bbox=None if size is None else Box(0, 0, int(size[0]), int(size[1])),
        pixel_size=(side, side),
        position=(float(position[0]), float(position[1])),
        reference=(float(section["reference"][0]), float(section["reference"][1])),
        orientation=(float(yaw), 0.0, 0.0),
        plane=plane,
    )


def _amplifiers(layouts: Mapping[str, Any], detector: str) -> Iterator[Amplifier]:
    """Yield the amplifiers of the first layout with whose name the detector's name begins."""
    named = [each for start, each in layouts.items() if detector.startswith(start)]
    for name, entry in named[0].items() if named else ():
        areas: dict[str, Any] = {area: Box.from_any(entry[area]) for area in _AREAS}
        flip_x, flip_y = entry.get("flip", (False, False))
        raw = Box.from_any(entry["raw"]) if "raw" in entry else None
        numbers: dict[str, Any] = {key: float(entry[key]) for key in _NUMBERS if key in entry}
        yield Amplifier(
            name,
            **areas,
            **numbers,
            raw=raw,
            corner=entry.get("corner"),
            flip_x=flip_x,
            flip_y=flip_y,
        )


def _offset(
    section: Mapping[str, Any], detectors: Mapping[str, Any], number: int, name: str
) -> tuple[float, float] | None:
    """Return a detector's position (mm): the sum of the offsets for the parts of its data ID."""
    from persistence.dataids.template import PathTemplate  # lazy: only for descriptions of cameras

    form = PathTemplate(detectors["name"]) if "name" in detectors else None
    parts = form.parse(name) if form is not None else None
    data_id = {detectors["key"]: number, **(parts or {})}
    offsets = [
        {str(value): offset for value, offset in places.items()}.get(str(data_id.get(key)))
        for key, places in section["offsets"].items()
    ]
    found = [offset for offset in offsets if offset is not None]
    if len(found) < len(offsets):
        return None
    return math.fsum(x for x, _ in found), math.fsum(y for _, y in found)
