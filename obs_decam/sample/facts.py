"""What invented DECam files have in common: chips, sizes, filters, amplifiers."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from persistence.files import yaml_nodes

_CAMERA = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
_DETECTORS = os.path.join(_CAMERA, "camera", "detectors.yaml")
PIXEL = 0.015  # mm
SCALE = 7.286e-5  # degrees a pixel
FILTERS = {
    "u": "u DECam c0006 3500.0 1000.0",
    "g": "g DECam SDSS c0001 4720.0 1520.0",
    "r": "r DECam SDSS c0002 6415.0 1480.0",
    "i": "i DECam SDSS c0003 7835.0 1470.0",
    "z": "z DECam SDSS c0004 9260.0 1520.0",
    "Y": "Y DECam c0005 10095.0 1130.0",
}


@dataclass(frozen=True)
class Layout:
    """The pixels of an amplifier.

    Attributes
    ----------
    columns, rows : `int`
        The light-sensitive ones.
    prescan, overscan : `int`
        Columns before and after them in the order of readout.
    postscan : `int`
        Rows after them.
    binning : `float`
        The number of the real detector's pixels, along each axis, for one of these.
    """

    columns: int
    rows: int
    prescan: int
    overscan: int
    postscan: int
    binning: float

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns of a detector's raw image."""
        return self.rows + self.postscan, 2 * (self.columns + self.prescan + self.overscan)


LAYOUTS = {
    "full": Layout(1024, 4096, 6, 50, 50, 1),
    # The middle of a chip.
    "window": Layout(512, 1024, 6, 50, 50, 1),
    # A smaller part of it, with stars enough for a PSF and for a kernel.
    "stamp": Layout(192, 384, 6, 50, 50, 1),
    "small": Layout(64, 256, 6, 10, 10, 16),
    "tiny": Layout(8, 32, 2, 4, 4, 128),
}


class Chip(NamedTuple):
    """A chip: for science, focus or guiding.

    Attributes
    ----------
    number : `int`
        Its CCDNUM.
    name : `str`
        Its name, such as S1.
    place : `tuple` [`float`, `float`]
        The position of its centre in the focal plane: x, y in mm.
    """

    number: int
    name: str
    place: tuple[float, float]


def chips() -> Iterator[Chip]:
    """Return all chips, in the order of a raw file."""
    table = yaml_nodes.load(_DETECTORS)
    every = {**table["science"], **table["focus"], **table["guide"]}
    for number, entry in sorted(every.items(), key=lambda item: item[1]["hdu"]):
        yield Chip(
            int(number), entry["name"], (float(entry.get("x", 230.0)), float(entry.get("y", 0.0)))
        )


@dataclass(frozen=True)
class Readout:
    """The properties of an amplifier.

    Gain (electrons a count), read noise (electrons), saturation (counts).
    """

    gain: float
    read_noise: float
    saturation: int


def is_south(name: str) -> bool:
    """Check whether a chip is read out as those of the southern half: postscan rows first."""
    return name.startswith(("S", "F", "G"))


def readouts(name: str, number: int) -> tuple[Readout, Readout]:
    """Return the properties of a chip's amplifiers: that of its left half, then of its right."""
    rng = np.random.default_rng([number])
    letters = [
        Readout(
            round(float(rng.uniform(3.9, 4.7)), 4),
            round(float(rng.uniform(5.5, 7.5)), 4),
            round(float(rng.uniform(40000, 46000))),
        )
        for _ in ("A", "B")
    ]
    return (letters[1], letters[0]) if is_south(name) else (letters[0], letters[1])


def taken_on(visit: int) -> np.datetime64:
    """Return the day of a visit."""
    return np.datetime64("2014-02-01") + np.timedelta64(visit // 288 % 700, "D")
