"""The layout of calibrations in YAML, and as the tables of their FITS files.

Source: doc/gen2/afw-files.md 6.4, 6.5. Lists become the columns of one row; values per amplifier
become a row each; all else is metadata.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from astropy.table import Table

from persistence.errors import FormatterError
from persistence.files.numbers import exact

# A key in YAML -> its name in FITS. Other keys have the same name in both.
_FITS: Mapping[str, str] = {
    "hasCrosstalk": "HAS_CROSSTALK",
    "nAmp": "NAMP",
    "coeffs": "CT_COEFFS",
    "coeffErr": "CT_ERRORS",
    "coeffNum": "CT_COUNTS",
    "coeffValid": "CT_VALID",
    "linearityType": "TYPE",
    "linearityCoeffs": "COEFFS",
    "fitParams": "FIT_PARAMS",
    "fitParamsErr": "FIT_PARAMS_ERR",
}
_YAML: Mapping[str, str] = {fits: key for key, fits in _FITS.items()}
_TOP = ("HAS_CROSSTALK", "NAMP")  # metadata at the top level of the YAML file
_NAME = "AMPLIFIER_NAME"
_OTHERS, _OTHER_COEFFS = "IC_SOURCE_DET", "IC_COEFFS"
_LOOKUP = "LOOKUP_VALUES"


def tables_of(data: Any) -> tuple[dict[str, Any], list[Table]]:
    """Convert the content of a YAML file to metadata and tables.

    Raises
    ------
    FormatterError
        If it is not a mapping with ``metadata``, or a list in it is not a regular array.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("metadata"), Mapping):
        raise FormatterError("it does not have a mapping 'metadata'")
    given = {_FITS.get(key, key): value for key, value in data.items()}
    metadata = dict(given.pop("metadata"))
    others, lookup = given.pop("interChip", None), given.pop("tableData", None)
    amplifiers = given.pop("amplifiers", None)
    if amplifiers is not None:
        tables = [_by_amplifier(amplifiers)]
    else:
        tables = [
            Table({key: [regular(key, one)] for key, one in given.items() if isinstance(one, list)})
        ]
    if others:
        tables.append(
            Table(
                {
                    _OTHERS: list(others),
                    _OTHER_COEFFS: _padded(_OTHER_COEFFS, list(others.values())),
                }
            )
        )
    if lookup is not None:
        tables.append(Table({_LOOKUP: regular(_LOOKUP, lookup)}))
    return {
        **metadata,
        **{key: one for key, one in given.items() if not isinstance(one, list)},
    }, tables


def boxes_of(data: Any) -> tuple[dict[str, Any], Table]:
    """Convert lists of ``x0``, ``y0``, ``width``, ``height`` to a table with one row per box."""
    if not isinstance(data, Mapping) or not isinstance(data.get("metadata", {}), Mapping):
        raise FormatterError("it is not a mapping")
    columns = {
        key: exact(np.array(value or [0])[: len(value)], np.int32)
        for key, value in data.items()
        if isinstance(value, list)
    }
    return dict(data.get("metadata", {})), Table(columns)


def _by_amplifier(amplifiers: Any) -> Table:
    if not isinstance(amplifiers, Mapping) or not all(
        isinstance(amplifier, Mapping) for amplifier in amplifiers.values()
    ):
        raise FormatterError("its 'amplifiers' are not a mapping of mappings")
    keys = dict.fromkeys(key for amplifier in amplifiers.values() for key in amplifier)
    columns = {
        _FITS.get(key, key): [amplifier.get(key) for amplifier in amplifiers.values()]
        for key in keys
    }
    return Table(
        {
            _NAME: list(amplifiers),
            **{name: _padded(name, values) for name, values in columns.items()},
        }
    )


def _padded(name: str, values: Sequence[Any]) -> Any:
    """Return an array of lists of various lengths, padded by NaN as in Gen2's files."""
    if not any(isinstance(value, list) for value in values):
        return regular(name, list(values))
    longest = max(np.size(value) for value in values)
    rows = [np.ravel(np.array([] if value is None else value, dtype=float)) for value in values]
    return np.array([np.pad(row, (0, longest - row.size), constant_values=np.nan) for row in rows])


def regular(name: str, value: list[Any]) -> Any:
    """Return an array of lists.

    Lists of unequal lengths, or of anything but numbers and texts, raise `FormatterError`.
    """
    try:
        array = np.array(value)
    except ValueError:  # rows of several lengths
        array = np.array(None)
    if array.dtype.kind not in "biufU":
        raise FormatterError(f"{name} is not a regular array of numbers or texts")
    return array


def data_of(metadata: Mapping[str, Any], tables: Sequence[Table]) -> dict[str, Any]:
    """Convert metadata and tables to the mapping that `tables_of` reads back as the same.

    Raises
    ------
    FormatterError
        If YAML has no place for a table.
    """
    data: dict[str, Any] = {
        "metadata": {key: value for key, value in metadata.items() if key not in _TOP}
    }
    data |= {_YAML[key]: metadata[key] for key in _TOP if key in metadata}
    for table in tables:
        if _NAME in table.colnames:
            data["amplifiers"] = {str(row[_NAME]): _named(row, table.colnames) for row in table}
        elif _OTHERS in table.colnames:
            data["interChip"] = {str(row[_OTHERS]): _listed(row[_OTHER_COEFFS]) for row in table}
        elif table.colnames == [_LOOKUP]:
            data["tableData"] = _listed(table[_LOOKUP])
        elif len(table) == 1:
            data |= {_YAML.get(name, name): _listed(table[name][0]) for name in table.colnames}
        elif table.colnames:
            raise FormatterError(f"YAML cannot hold a table of {', '.join(table.colnames)}")
    return data


def _named(row: Any, names: Sequence[str]) -> dict[str, Any]:
    return {_YAML.get(name, name): _listed(row[name]) for name in names if name != _NAME}


def _listed(value: Any) -> Any:
    return np.asarray(value).tolist()
