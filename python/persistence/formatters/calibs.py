"""Calibrations of detectors, as `Defects` and `IsrCalib`, from FITS, YAML and ECSV.

Source: doc/gen2/afw-files.md 6.4, 6.5. The first bytes of a file determine its format, not its
storage; Gen2 used the file's name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from astropy.table import Table

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.files import header_values
from persistence.files.fits_headers import GZIP
from persistence.formatters import calibs_yaml, catalog
from persistence.formatters import pickle as pickle_files
from persistence.formatters import yaml as yaml_files
from persistence.formatters.fits_open import opened
from persistence.types.metadata.defects import COLUMNS, Defects
from persistence.types.metadata.isr import BrighterFatterKernel, Crosstalk, IsrCalib

# The last word of the policy's `python` -> the class, and the default of OBSTYPE.
_CLASSES: Mapping[str, tuple[Callable[..., IsrCalib], str]] = {
    "CrosstalkCalib": (Crosstalk, "CROSSTALK"),
    "Linearizer": (IsrCalib, "LINEARIZER"),
    "PhotonTransferCurveDataset": (IsrCalib, "PTC"),
    "BrighterFatterKernel": (BrighterFatterKernel, "bfk"),
    "Curve": (IsrCalib, "curve"),
}
# Names in FITS files that earlier versions of this package converted from YAML.
_BEFORE = {
    "coeffs": "CT_COEFFS",
    "coeffErr": "CT_ERRORS",
    "coeffNum": "CT_COUNTS",
    "coeffValid": "CT_VALID",
}
_Content = tuple[dict[str, Any], list[Table]]
_KEYWORD = 8


def read(location: Location) -> Defects | IsrCalib:
    """Read a calibration.

    Raises
    ------
    FormatterError
        If the file is of another form, or its tables are not those of the type that the policy
        declares.
    """
    path, name = location.full_path, _name(location)
    with open(path, "rb") as stream:
        head = stream.read(16)
    reader = next(
        (function for magic, function in _READERS.items() if head.startswith(magic)), _read_yaml
    )
    if location.storage == "PickleStorage" and reader is _read_yaml:
        reader = _read_pickle
    try:
        metadata, tables = reader(location)
        if name == "Defects":
            if not tables:
                raise FormatterError("it contains no table")
            tables[0].meta = metadata
            return Defects.from_table(tables[0])
    except FormatterError as error:
        if path not in str(error):
            error.where = path
        raise
    make, kind = _CLASSES[name]
    return make(header_values.text(metadata.get("OBSTYPE")) or kind, metadata, tuple(tables))


def _name(location: Location) -> str:
    return (location.python or "").rpartition(".")[2]


def _read_fits(location: Location) -> _Content:
    with opened(location.full_path) as hdus:
        tables = [catalog.read_hdu(hdus, index) for index in range(1, len(hdus))]
    metadata: dict[str, Any] = {}
    for table in tables:
        metadata = {
            **{key.upper(): _defined(value) for key, value in table.meta.items()},
            **metadata,
        }
        table.meta.clear()
        for old in _BEFORE.keys() & set(table.colnames):
            table.rename_column(old, _BEFORE[old])
    return metadata, tables


def _defined(value: Any) -> Any:
    return None if type(value).__name__ == "Undefined" else value


def _read_ecsv(location: Location) -> _Content:
    try:
        table = Table.read(location.full_path, format="ascii.ecsv")
    except Exception as error:  # astropy's parsers raise many classes
        raise FormatterError(f"{location.full_path} cannot be read as ECSV: {error}") from error
    metadata = {str(key): value for key, value in table.meta.items()}
    table.meta.clear()
    return metadata, [table]


def _read_yaml(location: Location) -> _Content:
    data = yaml_files.load(location)
    if _name(location) == "Defects":
        metadata, table = calibs_yaml.boxes_of(data)
        return metadata, [table]
    return calibs_yaml.tables_of(data)


def _read_array(location: Location) -> _Content:
    return {}, [_kernel(np.load(location.full_path, allow_pickle=False))]


def _read_pickle(location: Location) -> _Content:
    calibration = pickle_files.read(location)
    if not isinstance(calibration, np.ndarray):
        raise FormatterError(f"{location.full_path} holds a {type(calibration)}, not an array")
    return {}, [_kernel(calibration)]


def _kernel(array: Any) -> Table:
    return Table({"KERNEL": [np.asarray(array)]})


_READERS: Mapping[bytes, Callable[[Location], _Content]] = {
    b"SIMPLE  =": _read_fits,
    GZIP: _read_fits,
    b"# %ECSV": _read_ecsv,
    b"\x93NUMPY": _read_array,
}


def write(obj: Any, path: str, location: Location) -> None:
    """Write a calibration as FITS, or as YAML if that is the storage.

    Other objects are passed to `persistence.formatters.catalog.write`.

    Raises
    ------
    FormatterError
        If it is no calibration, or the storage has no form for it.
    """
    if not isinstance(obj, Defects | IsrCalib):
        _write_other(obj, path, location)
        return
    tables: list[Table] = [obj] if isinstance(obj, Defects) else list(obj.tables)
    metadata = dict(obj.meta if isinstance(obj, Defects) else {"OBSTYPE": obj.kind, **obj.metadata})
    _WRITERS.get(location.storage, _write_nothing)(metadata, tables, path, location)


def _write_other(obj: Any, path: str, location: Location) -> None:
    other = {"YamlStorage": yaml_files, "PickleStorage": pickle_files}.get(
        location.storage, catalog
    )
    other.write(obj, path, location)


def _write_fits(
    metadata: dict[str, Any], tables: list[Table], path: str, location: Location
) -> None:
    from persistence.formatters import fits_write

    cards = {
        f"HIERARCH {key}" if len(key) > _KEYWORD else key: value for key, value in metadata.items()
    }
    bare = [Table(table, copy=False) for table in tables]
    for table in bare:
        table.meta = {}
    fits_write.write_tables([(table, catalog.take_odd_units(table)) for table in bare], cards, path)


def _write_yaml(
    metadata: dict[str, Any], tables: list[Table], path: str, location: Location
) -> None:
    if _name(location) == "Defects":
        columns = {name: np.asarray(tables[0][name]).tolist() for name in COLUMNS}
        yaml_files.write({"metadata": metadata, **columns}, path, location)
        return
    yaml_files.write(calibs_yaml.data_of(metadata, tables), path, location)


def _write_nothing(
    metadata: dict[str, Any], tables: list[Table], path: str, location: Location
) -> None:
    raise FormatterError(
        f"{location.datasetType}: a calibration's tables cannot be written as {location.storage}"
    )


_WRITERS: Mapping[str, Callable[[dict[str, Any], list[Table], str, Location], None]] = {
    "FitsStorage": _write_fits,
    "FitsCatalogStorage": _write_fits,
    "YamlStorage": _write_yaml,
}
