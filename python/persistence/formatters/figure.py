"""``MatplotlibStorage``: figures, written in the format that the file's name asks for."""

from __future__ import annotations

import os
from typing import Any

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.files import extras


def read(location: Location) -> Any:
    """Read a figure back as an array of shape (rows, columns, 3 or 4).

    A picture, for its data are gone.
    """
    path = location.full_path
    with extras.needed("matplotlib", "Reading a figure"):
        from matplotlib import image
    with open(path, "rb"):  # a missing file is the usual error
        pass
    try:
        return image.imread(path, format=_format(location) or "png")
    except (OSError, ValueError, SyntaxError) as error:
        raise FormatterError(f"{path} cannot be read back as a picture: {error}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write anything with ``savefig``.

    The format is the ending of the final name, PNG if it has none.
    """
    if not hasattr(obj, "savefig"):
        raise FormatterError(
            f"{location.datasetType}: MatplotlibStorage holds a figure, not {type(obj)}"
        )
    obj.savefig(path, format=_format(location) or "png")


def _format(location: Location) -> str:
    return os.path.splitext(location.path)[1].lstrip(".")
