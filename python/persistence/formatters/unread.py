"""Objects that are not read here.

Who asks for one is told so, and gets no part of it for the whole.
"""

from __future__ import annotations

from typing import Any, NoReturn

from persistence.dataids.location import Location
from persistence.errors import FormatterError


def read(location: Location) -> NoReturn:
    """Refuse to read what would be read in part, or wrongly.

    Raises
    ------
    FormatterError
        Always.
    """
    raise FormatterError(
        f"{location.full_path} holds {location.python}, which is not read here: open the file "
        "itself"
    )


def write(obj: Any, path: str, location: Location) -> None:
    """Write an object that can write itself.

    Raises
    ------
    FormatterError
        If it cannot.
    """
    if not hasattr(obj, "writeFits"):
        raise FormatterError(
            f"{location.datasetType}: {location.python} is not written here, nor is {type(obj)}"
        )
    obj.writeFits(path)
