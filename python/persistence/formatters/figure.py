"""``MatplotlibStorage``: figures, in the format of the file name's extension."""

from __future__ import annotations

import os
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.files import extras


def read(location: Location) -> Any:
    """Read a figure as an array of pixels of shape (rows, columns, 3 or 4).

    Its data are not stored.
    """
    path = location.full_path
    with extras.needed("matplotlib", "Reading a figure"):
        from matplotlib import image
    with open(path, "rb"):  # raise the usual error for a missing file
        pass
    try:
        return image.imread(path, format=_format(location) or "png")
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatterError(f"{path} cannot be read as an image: {error}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write an object with a method ``savefig``, as PNG if the final name has no extension."""
    if not hasattr(obj, "savefig"):
        raise FormatterError(
            f"{location.datasetType}: MatplotlibStorage holds a figure, not {type(obj)}"
        )
    obj.savefig(path, format=_format(location) or "png")


def _format(location: Location) -> str:
    return os.path.splitext(location.path)[1].lstrip(".")
