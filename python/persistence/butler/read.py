"""Read a file: the dataset at a location, or a view of it."""

from __future__ import annotations

from typing import Any

from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.files import mirrors
from persistence.formatters import extensions, formatter
from persistence.formatters.views import READERS
from persistence.policy import storages


def read(request: Request, location: Location, types: str = "astropy") -> Any:
    """Read the dataset at a location, or a view of it.

    Parameters
    ----------
    request : `Request`
        The dataset type and view.
    location : `Location`
        The file, with the mapper of its repository among the options.
    types : `str`
        ``afw`` to read it as the class that the policy names, where that is installed.

    Returns
    -------
    dataset : object
        The dataset, not yet standardised by the camera.
    """
    mapper = location.options["mapper"]
    in_parts = types != "afw" and _is_read_in_parts(request, location)
    mirrors.fetch(location.full_path, in_parts)
    if location.hdu is not None:
        location = extensions.of_detector(location, mapper)
    view = READERS.get(request.view or "")
    if view is not None:
        return view(location, mapper)
    if types == "afw":
        # lazy: only needed where the LSST stack is installed
        from persistence.formatters import stack_classes

        cls = stack_classes.reader(location)
        if cls is not None:
            return stack_classes.read(cls, location)
    return formatter(location.storage, location.python).read(location)


def _is_read_in_parts(request: Request, location: Location) -> bool:
    """Return whether only a part of a file is needed, and its reader can begin anywhere in it."""
    is_part = request.view is not None or location.hdu is not None or "bbox" in location.options
    return is_part and location.storage in storages.IN_PARTS
