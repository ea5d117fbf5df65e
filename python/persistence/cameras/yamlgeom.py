"""Cameras in the form of obs_base's yamlCamera: one YAML file for all detectors."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.errors import PolicyError
from persistence.files import yaml_nodes
from persistence.types.exposure.camera import Camera
from persistence.types.exposure.detector import TYPES, Amplifier, Detector, FocalPlane
from persistence.types.pixels.box import Box

# Areas of an amplifier -> keys in the file.
_AREAS: Mapping[str, str] = {
    "data": "rawDataBBox",
    "overscan": "rawSerialOverscanBBox",
    "prescan": "rawSerialPrescanBBox",
    "postscan": "rawParallelOverscanBBox",
}
_NUMBERS: Mapping[str, str] = {
    "gain": "gain",
    "read_noise": "readNoise",
    "saturation": "saturation",
    "suspect_level": "suspect",
}


def read(path: str) -> Camera:
    """Read a camera.

    Parameters
    ----------
    path : `str`
        The YAML file.

    Returns
    -------
    `Camera`
        The camera.

    Raises
    ------
    PolicyError
        If the file does not have this form; the message names it.
    """
    table = yaml_nodes.load(path)
    try:
        plane = _plane(table)
        detectors = [_detector(name, entry, plane) for name, entry in table["CCDs"].items()]
    except (LookupError, TypeError, ValueError) as error:
        raise PolicyError(f"{path}: the description of the camera is invalid: {error!r}") from error
    name = str(table.get("name", os.path.basename(path).partition(".")[0]))
    return Camera(name, tuple(sorted(detectors, key=lambda each: each.id)), plane)


def _plane(table: Mapping[str, Any]) -> FocalPlane:
    """Return the focal plane; its distortion is in units of the scale."""
    scale = float(table["plateScale"])
    transform = table.get("transforms", {}).get("FieldAngle", {})
    if not transform:
        return FocalPlane(scale)
    if transform["transformType"] != "radial":
        raise ValueError(
            f"transformType {transform['transformType']!r} is not supported, only radial"
        )
    unit = math.radians(scale / 3600)
    coefficients = tuple(float(each) * unit for each in transform["coeffs"])
    if len(coefficients) < 2 or coefficients[0] or not coefficients[1]:
        raise ValueError(f"coeffs {transform['coeffs']}: there is no constant, but a linear term")
    return FocalPlane(scale, to_angle=coefficients)


def _detector(name: str, entry: Mapping[str, Any], plane: FocalPlane) -> Detector:
    if entry.get("transposeDetector"):
        raise ValueError(f"{name}: transposed detectors are not supported")
    (x0, y0), (x1, y1) = entry["bbox"]
    angles = [float(entry.get(key, 0.0)) for key in ("yaw", "pitch", "roll")]
    return Detector(
        name=str(name),
        id=int(entry["id"]),
        serial=str(entry.get("serial", "")),
        amplifiers=tuple(_amplifiers(entry.get("amplifiers", {}))),
        type=TYPES[int(entry.get("detectorType", 0))],
        physical_type=str(entry.get("physicalType", "")),
        bbox=Box(x0, y0, x1 - x0 + 1, y1 - y0 + 1),
        pixel_size=_pair(entry["pixelSize"]),
        position=_pair(entry["offset"]),
        reference=_pair(entry["refpos"]),
        orientation=(angles[0], angles[1], angles[2]),
        plane=plane,
    )


def _pair(values: Any) -> tuple[float, float]:
    x, y = values
    return float(x), float(y)


def _amplifiers(entries: Mapping[str, Any]) -> Iterator[Amplifier]:
    for name, entry in entries.items():
        column, row = entry["ixy"]
        raw = _box(entry["rawBBox"])
        # If one image contains all amplifiers, they are at their positions in it.
        corner = (0, 0) if entry["perAmpData"] else (column * raw.width, row * raw.height)
        areas: dict[str, Any] = {
            area: _box(entry[key]).shifted(*corner) for area, key in _AREAS.items()
        }
        numbers: dict[str, Any] = {
            attribute: float(entry[key]) for attribute, key in _NUMBERS.items() if key in entry
        }
        width, height = areas["data"].width, areas["data"].height
        flip_x, flip_y = entry.get("flipXY", (False, False))
        yield Amplifier(
            str(name),
            trimmed=Box(column * width, row * height, width, height),
            raw=raw.shifted(*corner),
            corner=str(entry["readCorner"]),
            flip_x=bool(flip_x),
            flip_y=bool(flip_y),
            linearity_type=str(entry.get("linearityType", "")),
            linearity=tuple(float(each) for each in entry.get("linearityCoeffs", ())),
            **areas,
            **numbers,
        )


def _box(values: Any) -> Box:
    (x0, y0), (width, height) = values
    return Box(int(x0), int(y0), int(width), int(height))
