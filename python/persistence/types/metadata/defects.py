"""Defects of a detector: a table of boxes, and their mask (doc/gen2/afw-files.md 6.4)."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
from astropy.table import Table

from persistence.errors import FormatterError
from persistence.files.numbers import exact
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask

COLUMNS = ("x0", "y0", "width", "height")
_ONE = "POINT"
_SHAPES = ("BOX", "ROTBOX")


class Defects(Table):  # type: ignore[misc]  # astropy has no types
    """A table of boxes of bad pixels.

    The columns are ``x0``, ``y0`` (the first pixel, from 0), ``width`` and ``height``. A pixel may
    be in several boxes. ``meta`` contains the detector and the first date of validity. Use
    `from_boxes` and `from_table` to create one. Gen2's class is ``lsst.meas.algorithms.Defects``.

    Examples
    --------
    >>> from persistence import Box, Defects
    >>> defects = Defects.from_boxes([Box(1, 0, 1, 2)])
    >>> defects.mask((2, 3))["BAD"]
    array([[False,  True, False],
           [False,  True, False]])
    """

    @classmethod
    def from_table(cls, table: Table) -> Defects:
        """Return the defects in a table of boxes, or of regions of the FITS convention.

        Parameters
        ----------
        table : `~astropy.table.Table`
            The table.

        Returns
        -------
        `Defects`
            The boxes.

        Raises
        ------
        FormatterError
            If it is neither, or a region is not a box.
        """
        if "SHAPE" in table.colnames:
            return cls(_from_regions(table), names=COLUMNS, meta=table.meta)
        missing = [name for name in COLUMNS if name not in table.colnames]
        if missing:
            raise FormatterError(
                f"it is not a table of defects: it has no {', '.join(missing)}, nor SHAPE"
            )
        return cls(table)

    @classmethod
    def from_boxes(cls, boxes: Iterable[Box], meta: Mapping[str, Any] | None = None) -> Defects:
        """Return the table of some boxes.

        Parameters
        ----------
        boxes : iterable of `Box`
            The bad pixels, in the order of the table.
        meta : mapping or `None`, optional
            Metadata, such as ``DETECTOR`` and ``CALIBDATE``.

        Returns
        -------
        `Defects`
            The table.
        """
        numbers = [[getattr(box, name) for name in COLUMNS] for box in boxes]
        rows = exact(np.array(numbers, np.int64).reshape(-1, len(COLUMNS)), np.int32)
        return cls(rows, names=COLUMNS, units=dict.fromkeys(COLUMNS, "pix"), meta=dict(meta or {}))

    @property
    def boxes(self) -> list[Box]:
        """The boxes, in the order of the table."""
        columns = (np.asarray(self[name]).tolist() for name in COLUMNS)
        return [Box(*numbers) for numbers in zip(*columns, strict=True)]

    def mask(self, where: Any, plane: str = "BAD") -> Mask:
        """Return a mask with the pixels of all boxes.

        Parameters
        ----------
        where : `tuple` of two `int`, `Box`, or argument of `Box.from_any`
            The shape of the mask (rows, columns), whose first pixel is then (0, 0); or the pixels
            that it covers. Boxes are cut at its edges.
        plane : `str`, optional
            The name of the flag.

        Returns
        -------
        mask : `Mask`
            ``mask[plane]`` is a boolean array, shape (rows, columns).
        """
        shape = isinstance(where, tuple) and len(where) == len(("rows", "columns"))
        area = Box(0, 0, int(where[1]), int(where[0])) if shape else Box.from_any(where)
        flagged = np.zeros((area.height, area.width), dtype=bool)
        for box in self.boxes:
            x0, y0 = box.x0 - area.x0, box.y0 - area.y0
            flagged[max(y0, 0) : max(y0 + box.height, 0), max(x0, 0) : max(x0 + box.width, 0)] = (
                True
            )
        return Mask.from_flags({plane: flagged})


def _from_regions(table: Table) -> Any:
    """Return boxes (corner from 0, width, height) of FITS regions (centres, counted from 1)."""
    try:
        boxes = [_box(row) for row in table]
    except (KeyError, ValueError, IndexError, FormatterError) as error:
        raise FormatterError(f"it is not a table of regions: {error}") from error
    numbers = np.array(boxes, dtype=np.int64).reshape(-1, len(COLUMNS))
    return exact(numbers, np.int32)


def _box(row: Any) -> tuple[int, int, int, int]:
    shape = str(row["SHAPE"]).strip().upper()
    x, y = (float(np.ravel(row[axis])[0]) - 1 for axis in ("X", "Y"))
    if shape == _ONE:
        width = height = 1
    elif shape in _SHAPES:
        width, height = exact(np.ravel(row["R"])[:2], np.int32).tolist()
        turn = float(np.ravel(row["ROTANG"])[0]) if shape == "ROTBOX" else 0.0
        if turn % 90:
            raise ValueError(f"a box cannot be rotated by {turn} degrees")
        if turn % 180:
            width, height = height, width
    else:
        raise ValueError(f"a region cannot be a {shape!r}: BOX, POINT or ROTBOX")
    # As afw centres a box on a pixel: rounded half up, then down.
    return math.floor(x - width / 2 + 1), math.floor(y - height / 2 + 1), width, height
