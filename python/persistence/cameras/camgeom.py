"""Cameras in the form of Gen2's packages: ``camera.py``, and one table of amplifiers per detector.

The first is pex_config's text, which is parsed and never executed; the tables are FITS files of
afw, beside it, with the names of the detectors.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from persistence.errors import FormatterError, PolicyError, told
from persistence.files import fits_headers
from persistence.types.archives.tables import columns
from persistence.types.exposure.camera import Camera
from persistence.types.exposure.detector import TYPES, Amplifier, Detector, FocalPlane, amplifier
from persistence.types.metadata.config import Config
from persistence.types.metadata.configtext import parse
from persistence.types.pixels.box import Box

# Names of the field angle: since 2017, and before.
_SKY = ("FieldAngle", "Pupil")


def _short_name(detector: str) -> str:
    return detector.replace(" ", "_")


def read(path: str) -> Camera:
    """Read a camera.

    Parameters
    ----------
    path : `str`
        The file ``camera.py``.

    Returns
    -------
    `Camera`
        The camera.

    Raises
    ------
    PolicyError
        If the file, or the table of a detector, does not have this form; the message names it.
    """
    return of_config(parsed(path), path, os.path.dirname(path))


def parsed(path: str) -> Config:
    """Return the configuration in a file ``camera.py``; the errors are those of `read`."""
    try:
        with open(path, encoding="utf-8") as stream:
            return parse(stream.read(), path)
    except (OSError, UnicodeDecodeError, FormatterError) as error:
        raise PolicyError(f"{path}: the camera cannot be read: {told(error)}") from error


def of_config(
    config: Config, path: str, folder: str, short_name: Callable[[str], str] = _short_name
) -> Camera:
    """Return the camera of a configuration.

    Parameters
    ----------
    config : `Config`
        The content of ``camera.py``.
    path : `str`
        Its path, for messages.
    folder : `str`
        The directory of the tables of amplifiers.
    short_name : callable, optional
        A function that returns the name of a detector's table, without ``.fits``.

    Returns
    -------
    `Camera`
        The camera.

    Raises
    ------
    PolicyError
        As for `read`.
    """
    plane = _plane(config, path)
    detectors = [
        _detector(config, stem, plane, path, (folder, short_name)) for stem in _stems(config)
    ]
    name = str(config.get("name") or os.path.basename(os.path.dirname(os.path.abspath(path))))
    return Camera(name, tuple(sorted(detectors, key=lambda each: each.id)), plane)


def _stems(config: Config) -> Iterator[str]:
    """Yield the beginning of the entries of each detector: ``detectorList[0]``."""
    stems = (name.partition("]")[0] + "]" for name in config if name.startswith("detectorList["))
    yield from dict.fromkeys(stems)


def _plane(config: Config, path: str) -> FocalPlane:
    """Return the focal plane, from the transform to the field angle (rad) if there is one."""
    scale = float(_needed(config, "plateScale", path))
    for name in _SKY:
        stem = f"transformDict.transforms[{name!r}].transform"
        kind = config.get(f"{stem}.name")
        if kind == "radial":
            return FocalPlane(scale, to_angle=_radial(config, f"{stem}['radial'].coeffs", path))
        if kind == "inverted":
            name = f"{stem}['inverted'].transform.coeffs"
            return FocalPlane(scale, from_angle=_radial(config, name, path))
    return FocalPlane(scale)


def _radial(config: Config, name: str, path: str) -> tuple[float, ...]:
    coefficients = tuple(float(each) for each in _needed(config, name, path))
    if len(coefficients) < 2 or coefficients[0] != 0 or coefficients[1] == 0:
        raise PolicyError(
            f"{path}: {name} = {list(coefficients)}, but a radial distortion has no constant term, "
            "and a linear one"
        )
    return coefficients


def _needed(config: Config, name: str, path: str) -> Any:
    value = config.get(name)
    if value is None:
        raise PolicyError(f"{path} does not set {name}")
    return value


def _detector(
    config: Config,
    stem: str,
    plane: FocalPlane,
    path: str,
    tables: tuple[str, Callable[[str], str]],
) -> Detector:
    if config.get(f"{stem}.transposeDetector"):
        raise PolicyError(
            f"{path}: {stem}.transposeDetector: transposed detectors are not supported"
        )

    def number(name: str) -> float:
        return float(_needed(config, f"{stem}.{name}", path))

    name = str(_needed(config, f"{stem}.name", path))
    x0, y0, x1, y1 = (int(number(f"bbox_{end}")) for end in ("x0", "y0", "x1", "y1"))
    return Detector(
        name=name,
        id=int(number("id")),
        serial=str(config.get(f"{stem}.serial", "")),
        amplifiers=_amplifiers(os.path.join(tables[0], f"{tables[1](name)}.fits")),
        type=TYPES[int(number("detectorType"))],
        physical_type=str(config.get(f"{stem}.physicalType", "")),
        bbox=Box(x0, y0, x1 - x0 + 1, y1 - y0 + 1),
        pixel_size=(number("pixelSize_x"), number("pixelSize_y")),
        position=(number("offset_x"), number("offset_y")),
        reference=(number("refpos_x"), number("refpos_y")),
        orientation=(number("yawDeg"), number("pitchDeg"), number("rollDeg")),
        plane=plane,
    )


def _amplifiers(path: str) -> tuple[Amplifier, ...]:
    """Read the amplifiers of a detector; none without a table."""
    if not os.path.isfile(path):
        return ()
    try:
        (part, *_) = fits_headers.parts(fits_headers.content(path, 1), path)
        table: Mapping[str, Any] = columns(part)
        return tuple(amplifier(table, row) for row in range(len(table["name"])))
    except (OSError, FormatterError, LookupError, ValueError) as error:
        raise PolicyError(f"{path}: the table of amplifiers is damaged: {told(error)}") from error
