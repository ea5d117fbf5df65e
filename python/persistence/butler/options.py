"""Options of reading that Gen2 passed inside data IDs: ``bbox``, ``columns``, ``flags``.

``get('calexp_sub', dataId, bbox=box)``, ``get('src', dataId, columns=['id'])``, and ``flags=1`` for
a catalog without footprints, are Gen2's spelling. They are converted to options of the reader;
where a camera has a key of such a name, it remains a key.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from persistence.butler.chain import Chain
from persistence.dataids.dataid import DataId
from persistence.dataids.request import Request
from persistence.errors import DataIdError, MissingKey
from persistence.policy.dataset_type import DatasetType

NAMES = ("bbox", "imageOrigin", "columns", "flags")


def take(chain: Chain, request: Request, data_id: DataId) -> dict[str, Any]:
    """Remove the options from a data ID, and return them.

    Raises
    ------
    MissingKey
        If part of an image is requested without a box.
    DataIdError
        If ``columns`` are not names, or ``flags`` is not a number.
    """
    mapper = chain.knowing(request).mapper
    present = {key for key in NAMES if key in data_id and key not in mapper.policy.keys}
    options: dict[str, Any] = {}
    if request.view == "sub":
        options = {key: data_id.pop(key) for key in ("bbox", "imageOrigin") if key in present}
        if "bbox" not in options:
            raise MissingKey(f"{request.name} needs bbox=Box(x0, y0, width, height)")
    of_catalogs = present & {"columns", "flags"}
    if of_catalogs and _has_columns(chain, mapper.dataset(request, data_id)):
        of_catalog = {key: data_id.pop(key) for key in of_catalogs}
        if of_catalog.get("columns") is not None:
            options["columns"] = _names(of_catalog["columns"])
        if of_catalog.get("flags"):
            options["flags"] = _bits(of_catalog["flags"])
    return options


def _bits(flags: Any) -> int:
    if not isinstance(flags, int):
        raise DataIdError(
            f"flags={flags!r}: expected a number, such as "
            "lsst.afw.table.SOURCE_IO_NO_FOOTPRINTS, which is 1"
        )
    return flags


def _names(columns: Any) -> tuple[str, ...]:
    names = (columns,) if isinstance(columns, str) else columns
    if not isinstance(names, Iterable) or not all(isinstance(name, str) for name in names):
        raise DataIdError(f"columns={columns!r}: expected the names of columns, or one name")
    return tuple(names)


def _has_columns(chain: Chain, dataset: DatasetType) -> bool:
    """Return whether a dataset type is a catalog, or has a catalog among its components."""
    if dataset.storage == "FitsCatalogStorage":
        return True
    requests = [
        chain.request(part.datasetType)
        for part in dataset.composite.values()
        if part.datasetType != dataset.name
    ]
    return any(
        _has_columns(chain, chain.knowing(part).mapper.dataset(part, {})) for part in requests
    )
