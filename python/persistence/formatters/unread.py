"""Objects that cannot be read here: an error is better than a part or a wrong object."""

from __future__ import annotations

from typing import Any, NoReturn

from persistence.dataids.location import Location
from persistence.errors import FormatterError


def read(location: Location) -> NoReturn:
    """Raise an error, because the object would be read in part, or wrongly.

    Raises
    ------
    FormatterError
        Always.
    """
    raise FormatterError(
        f"{location.full_path} holds {location.python}, which this package cannot read: open "
        "the file "
        "itself"
    )


def write(obj: Any, path: str, location: Location) -> None:
    """Write an object that has a method ``writeFits``.

    Raises
    ------
    FormatterError
        If it cannot.
    """
    if not hasattr(obj, "writeFits"):
        raise FormatterError(
            f"{location.datasetType}: this package cannot write {location.python}, nor {type(obj)}"
        )
    obj.writeFits(path)
