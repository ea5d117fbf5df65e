"""Makes curated calibrations of DECam as text files.

Defects and crosstalk, invented, the same each time.

The directory of each chip has a file for each start of validity (doc/gen2/gen2-cli.md, 2.9).
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import Table

from obs_decam.sample.cards import refuse_others, science_chips
from obs_decam.sample.facts import LAYOUTS, Chip, Layout
from persistence.files import yaml_nodes

Box = tuple[int, int, int, int]  # x0, y0 (0-based lower left), width, height

# Each chip has the first epoch; those whose CCDNUM is divisible by this have the second too, with
# more
EPOCHS = ("1970-01-01", "2014-12-01")
_RENEWED = 5
_CREATED = ("2019-07-12", "12:00:00")  # fixed: the files have to be the same each time


def write_curated(
    folder: str,
    kinds: Sequence[str] = ("defects", "crosstalk"),
    chips: Sequence[int] | None = None,
    size: str = "tiny",
    regions: bool = False,
) -> list[str]:
    """Write ``decam/<kind>/<chip's name in lower case>/<start>.ecsv``; return the paths.

    Crosstalk is written as ``.yaml``.

    Parameters
    ----------
    folder : `str`
        The directory, created if missing.
    kinds : sequence of `str`
        Some of defects (ECSV) and crosstalk (YAML).
    chips : sequence of `int`, optional
        CCDNUMs; by default the 60 chips that work. Those divisible by 5 have two epochs.
    size : `str`
        One of `~obs_decam.sample.facts.LAYOUTS`: the size of the chips with the defects.
    regions : `bool`
        Describe defects as FITS regions (SHAPE, X, Y, R, ROTANG) instead of boxes.

    Raises
    ------
    ValueError
        If a kind, a chip or a size is unknown.
    """
    refuse_others("kind", kinds, _WRITERS)
    refuse_others("size", [size], LAYOUTS)
    paths = []
    for kind in kinds:
        for chip in science_chips(chips):
            directory = os.path.join(folder, "decam", kind, chip.name.lower())
            os.makedirs(directory, exist_ok=True)
            for epoch in epochs(chip):
                start = os.path.join(directory, f"{epoch.replace('-', '')}T000000")
                paths.append(_WRITERS[kind](start, chip, epoch, LAYOUTS[size], regions))
    return paths


def epochs(chip: Chip) -> tuple[str, ...]:
    """Return the days on which a chip's defects change."""
    return EPOCHS if chip.number % _RENEWED == 0 else EPOCHS[:1]


def _write_defects(start: str, chip: Chip, epoch: str, layout: Layout, regions: bool) -> str:
    boxes = list(boxes_of(chip, epoch, layout))
    table = _region_table(boxes) if regions else _box_table(boxes)
    table.meta = {
        **_metadata("defects", chip, epoch),
        "DEFECTTYPE": "BADPIXEL",
        "DEFECTS_SCHEMA": "FITS Region" if regions else "Simple",
        "DEFECTS_SCHEMA_VERSION": 1,
        "DATE": "T".join(_CREATED),
    }
    table.write(f"{start}.ecsv", format="ascii.ecsv", overwrite=True)
    return f"{start}.ecsv"


def _metadata(kind: str, chip: Chip, epoch: str) -> dict[str, Any]:
    return {
        "OBSTYPE": kind,
        "INSTRUME": "DECam",
        "DETECTOR": chip.number,
        "CALIBDATE": f"{epoch}T00:00:00",
        "FILTER": None,
        "CALIB_CREATION_DATE": _CREATED[0],
        "CALIB_CREATION_TIME": _CREATED[1],
    }


def boxes_of(chip: Chip, epoch: str, layout: Layout) -> Iterator[Box]:
    """Return the boxes of a bad column, a blotch and some pixels.

    Each later epoch has as many again, in addition.
    """
    columns, rows = 2 * layout.columns, layout.rows
    for past in EPOCHS[: EPOCHS.index(epoch) + 1]:
        rng = _random("defects", chip, past)
        yield int(rng.integers(columns)), 0, 1, rows
        yield int(rng.integers(columns - 4)), int(rng.integers(rows - 3)), 4, 3
        for _ in range(3):
            yield int(rng.integers(columns)), int(rng.integers(rows)), 1, 1


def _random(kind: str, chip: Chip, epoch: str) -> np.random.Generator:
    return np.random.default_rng(zlib.crc32(f"{kind} {chip.number} {epoch}".encode()))


def _box_table(boxes: list[Box]) -> Any:
    names = ("x0", "y0", "width", "height")
    return Table(np.array(boxes, dtype=np.int32), names=names, units=dict.fromkeys(names, "pix"))


def _region_table(boxes: list[Box]) -> Any:
    """Describe boxes by their centres, counted from 1, and extents."""
    columns: Mapping[str, Any] = {
        "X": [x0 + (width + 1) / 2 for x0, _, width, _ in boxes],
        "Y": [y0 + (height + 1) / 2 for _, y0, _, height in boxes],
        "SHAPE": ["POINT" if (width, height) == (1, 1) else "BOX" for _, _, width, height in boxes],
        "R": [[float(width), float(height)] for _, _, width, height in boxes],
        "ROTANG": [0.0] * len(boxes),
        "COMPONENT": np.arange(len(boxes), dtype=np.int32),
    }
    return Table(columns, units={"X": "pix", "Y": "pix", "R": "pix", "ROTANG": "deg"})


def crosstalk_of(chip: Chip, epoch: str) -> tuple[float, float]:
    """Return the fraction of its counts that amplifier A adds to B, and B to A."""
    coefficients, back = _random("crosstalk", chip, epoch).integers(1, 500, 2)
    return int(coefficients) / 2**20, int(back) / 2**20


def _write_crosstalk(start: str, chip: Chip, epoch: str, layout: Layout, regions: bool) -> str:
    """Write the crosstalk of a chip's two amplifiers. Layout: doc/gen2/afw-files.md, 6.5."""
    there, back = crosstalk_of(chip, epoch)
    content = {
        "metadata": {
            **_metadata("crosstalk", chip, epoch),
            "CROSSTALK_SCHEMA": "Gen3 Crosstalk",
            "CROSSTALK_VERSION": 1.0,
            "DET_NAME": chip.name,
        },
        "hasCrosstalk": True,
        "nAmp": 2,
        "crosstalkShape": [2, 2],
        "coeffs": [0.0, there, back, 0.0],
        "coeffErr": [0.0] * 4,
        "coeffNum": [0] * 4,
        "coeffValid": [True] * 4,
        "interChip": {},
    }
    with open(f"{start}.yaml", "w", encoding="utf-8") as stream:
        stream.write(yaml_nodes.block(content))
    return f"{start}.yaml"


_WRITERS: Mapping[str, Callable[[str, Chip, str, Layout, bool], str]] = {
    "defects": _write_defects,
    "crosstalk": _write_crosstalk,
}
