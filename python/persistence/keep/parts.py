"""Components that are brought without their wholes: ``calexp.photoCalib``.

A component that has a file of its own is copied like any dataset. One that is inside the file of an
exposure is written to a file of its own, and the new repository gets a dataset type of the
component's name, ``calexp_photoCalib``: there, ``calexp.photoCalib`` reads that file.
"""

from __future__ import annotations

import os
from collections.abc import Mapping

from persistence.butler.butler import Butler
from persistence.dataids.location import Location
from persistence.dataids.request import PARTS, Request
from persistence.errors import FormatterError, UsageError
from persistence.files import atomic, mirrors
from persistence.formatters import formatter
from persistence.policy import in_repository
from persistence.policy.dataset_type import DatasetType
from persistence.policy.in_repository import Definition

# Component -> its class, as policies of the stack name it.
_PYTHON: Mapping[str, str] = {
    "wcs": "lsst.afw.geom.SkyWcs",
    "photoCalib": "lsst.afw.image.PhotoCalib",
    "filter": "lsst.afw.image.FilterLabel",
    "mask": "lsst.afw.image.Mask",
    "psf": "lsst.afw.detection.Psf",
    "visitInfo": "lsst.afw.image.VisitInfo",
    "detector": "lsst.afw.cameraGeom.Detector",
    "apCorrMap": "lsst.afw.image.ApCorrMap",
    "transmissionCurve": "lsst.afw.image.TransmissionCurve",
}
_STORAGE = "FitsStorage"


def check(request: Request) -> None:
    """Raise an error for a view that is not a component with a file format of its own.

    Raises
    ------
    UsageError
        With the components that are.
    """
    if request.view not in _PYTHON or ":" in request.datasetType:
        known = [f"{request.datasetType}.{name}" for name in dict.fromkeys(PARTS.values())]
        raise UsageError(
            f"{request.name} is a part of {request.datasetType}, and is not brought alone: name "
            f"{request.datasetType}, or one of its components {', '.join(known)}"
        )


def type_of(request: Request) -> str:
    """Return the dataset type of a component in the new repository."""
    return f"{request.datasetType}_{request.view}"


def path_of(path: str, view: str) -> str:
    """Return the path of a component in the new repository, from that of its whole."""
    start, ending = os.path.splitext(path)
    return f"{start}-{view}{'.fits' if ending in ('.fz', '.gz') else ending}"


def definition(root: str, whole: DatasetType, view: str) -> Definition:
    """Return the definition of a component's dataset type in the new repository.

    Parameters
    ----------
    root : `str`
        The new repository.
    whole : `DatasetType`
        The exposure's dataset type.
    view : `str`
        The component.
    """
    assert whole.template is not None  # it has files
    keys = {
        "template": path_of(whole.template.file_text, view),
        "python": _PYTHON[view],
        "storage": _STORAGE,
        "tables": list(whole.tables) or None,
    }
    return in_repository.make(root, type_of(Request(whole.name, view)), "datasets", keys)


def cut(
    butler: Butler, request: Request, data_id: Mapping[str, object], source: str, path: str
) -> None:
    """Write a component of an exposure to a file of its own, with the time of the whole.

    Parameters
    ----------
    butler : `Butler`
        Has the exposure.
    request : `Request`
        The exposure, and the component as its view.
    data_id : mapping
        The data ID.
    source, path : `str`
        The file of the exposure, and the one to write.

    Raises
    ------
    FormatterError
        If the exposure has no such component, or it cannot be written.
    """
    value = butler.get(f"{request.datasetType}.{request.view}", data_id)
    if value is None:
        raise FormatterError(f"{request.datasetType} {dict(data_id)} has no {request.view}")
    folder, base = os.path.split(path)
    name, python = type_of(request), _PYTHON[str(request.view)]
    location = Location(folder, base, None, _STORAGE, python, name, data_id)
    with atomic.atomic_write(path) as temporary:
        formatter(_STORAGE, python).write(value, temporary, location)
        moment = mirrors.stat(source).st_mtime_ns
        os.utime(temporary, ns=(moment, moment))
