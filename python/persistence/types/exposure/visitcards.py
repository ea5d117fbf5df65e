"""afw's cards and tables of a visit: the card and unit of each attribute.

Source: doc/gen2/afw-files.md 1.5, and afw's VisitInfo for versions 3 and 4 of the table.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

from persistence.files import header_values
from persistence.types.exposure import headersource

# Attributes and afw's cards. Angles are degrees in a header.
CARDS = {
    "exposure_time": "EXPTIME",
    "dark_time": "DARKTIME",
    "date_middle": "DATE-AVG",
    "ut1": "MJD-AVG-UT1",
    "era": "AVG-ERA",
    "ra": "BORE-RA",
    "dec": "BORE-DEC",
    "azimuth": "BORE-AZ",
    "altitude": "BORE-ALT",
    "airmass": "BORE-AIRMASS",
    "rotation": "BORE-ROTANG",
    "rotation_type": "ROTTYPE",
    "longitude": "OBS-LONG",
    "latitude": "OBS-LAT",
    "elevation": "OBS-ELEV",
    "air_temperature": "AIRTEMP",
    "air_pressure": "AIRPRESS",
    "humidity": "HUMIDITY",
    "instrument": "INSTRUMENT",
}
# Cards of later versions, 2 to 4, of the table. In older files cards of these names are the
# observer's.
LATER_CARDS = {
    "id": "IDNUM",
    "focus_z": "FOCUSZ",
    "observation_type": "OBSTYPE",
    "science_program": "PROGRAM",
    "observation_reason": "REASON",
    "object": "OBJECT",
    "has_simulated_content": "HAS-SIMULATED-CONTENT",
}
# Always written since version 4.
NEWEST = "HAS-SIMULATED-CONTENT"
NUMBERS = ("exposure_id", "id")
TEXTS = (
    "date_middle",
    "rotation_type",
    "instrument",
    "observation_type",
    "science_program",
    "observation_reason",
    "object",
)
ROTATIONS = ("UNKNOWN", "SKY", "HORIZON", "MOUNT")
_VERSION = 4

# Attributes -> columns of afw's table, with factors to our units. Columns that a version lacks are
# unknown.
_DEGREE = math.degrees(1.0)
_COLUMNS = {
    "exposure_time": ("exposuretime", 1.0),
    "dark_time": ("darktime", 1.0),
    "ut1": ("ut1", 1.0),
    "era": ("era", _DEGREE),
    "ra": ("boresightradec_ra", _DEGREE),
    "dec": ("boresightradec_dec", _DEGREE),
    "azimuth": ("boresightazalt_az", _DEGREE),
    "altitude": ("boresightazalt_alt", _DEGREE),
    "airmass": ("boresightairmass", 1.0),
    "rotation": ("boresightrotangle", _DEGREE),
    "longitude": ("longitude", _DEGREE),
    "latitude": ("latitude", _DEGREE),
    "elevation": ("elevation", 1.0),
    "air_temperature": ("airtemperature", 1.0),
    "air_pressure": ("airpressure", 1.0),
    "humidity": ("humidity", 1.0),
    "focus_z": ("focusz", 1.0),
}
_TEXT_COLUMNS = {
    "instrument": "instrumentlabel",
    "observation_type": "observationType",
    "science_program": "scienceProgram",
    "observation_reason": "observationReason",
    "object": "object",
}


def cast(name: str) -> Callable[[Any], Any]:
    """Return the function that converts a header's value to an attribute's type."""
    if name in NUMBERS:
        return header_values.integer
    if name == "has_simulated_content":
        return headersource.truth
    return header_values.text if name in TEXTS else header_values.number


def is_afws(header: Mapping[str, Any]) -> bool:
    """Return whether afw wrote a header.

    Such a header has the position of an archive, or a type of rotation.
    """
    return "ROTTYPE" in header or "AR_HDU" in header


def of_table(table: Mapping[str, Any]) -> dict[str, Any]:
    """Return the attributes in the one row of an archive's table.

    Raises
    ------
    FormatterError
        If the table has an unknown version.
    """
    import numpy as np

    from persistence.errors import FormatterError

    row = {name: column[0] for name, column in table.items()}
    version = int(row.get("version", 0))
    if version > _VERSION:
        raise FormatterError(f"a VisitInfo of version {version}; known are 0 to {_VERSION}")
    numbers = {
        name: None if (value := header_values.number(row.get(column))) is None else value * unit
        for name, (column, unit) in _COLUMNS.items()
    }
    texts = {name: header_values.text(row.get(column)) for name, column in _TEXT_COLUMNS.items()}
    # since 1970, in TAI; the lowest number means no time
    middle = np.datetime64(int(row["tai"]), "ns")
    return {
        **{name: value for name, value in {**numbers, **texts}.items() if value is not None},
        "exposure_id": int(row["exposureid"]) or None,
        # its name in version 2
        "id": int(row.get("idnum", row.get("id", 0))) or None,
        "has_simulated_content": bool(row.get("hasSimulatedContent", False)),
        "timescale": "tai",
        "date_middle": None if np.isnat(middle) else str(middle),
        "rotation_type": ROTATIONS[int(row["rottype"])],
    }
