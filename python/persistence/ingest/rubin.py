"""The Rubin Observatory's integers for exposures, and for groups of them.

They are the first columns of its registries. Source: obs_lsst 22.0.1.
"""

from __future__ import annotations

import datetime
import hashlib
import re
from collections.abc import Mapping
from typing import Any

from persistence.errors import FormatterError
from persistence.files import header_values

# The controllers of an exposure; each adds a number of thousand years to its night.
_CONTROLLERS = "OCPQS"
_YEARS = 1000 * 10_000
_IN_A_NIGHT = 100_000
_NAME = re.compile(r"[A-Z]{2}_([A-Z])_(\d{8})_(\d{1,6})")
_DAY = re.compile(r"(\d{4})-?(\d\d)-?(\d\d)")
_GROUP = re.compile(r"(\d{4}-\d\d-\d\d[T ]\d\d:\d\d:\d\d)(?:\.(\d+))?(?:#(\d+))?")
_FIRST = datetime.datetime(2015, 1, 1)
_DIGITS = 14  # hexadecimal digits of a hash


def exposure(header: Mapping[str, Any]) -> int:
    """Return the number of an exposure: its night, sequence number, and controller.

    It comes from OBSID, ``AT_C_20180920_000065``, or else from DAYOBS, SEQNUM and CONTRLLR.

    Raises
    ------
    KeyError
        If the header has neither.
    FormatterError
        If they do not have that form.
    """
    named = _NAME.fullmatch(header_values.text(header.get("OBSID")) or "")
    if named is not None:
        controller, day, number = named.groups()
    else:
        written = _DAY.fullmatch(header_values.text(header["DAYOBS"]) or "")
        if written is None:
            raise FormatterError(f"DAYOBS={header['DAYOBS']!r} is not a date")
        day, number = "".join(written.groups()), header["SEQNUM"]
        controller = header_values.text(header.get("CONTRLLR")) or _CONTROLLERS[1]
    if controller not in _CONTROLLERS:
        raise FormatterError(
            f"the controller {controller!r} is not one of {', '.join(_CONTROLLERS)}"
        )
    count = header_values.integer(number)
    if count is None or not 0 <= count < _IN_A_NIGHT:
        raise FormatterError(f"SEQNUM={number!r} is not the number of an exposure in a night")
    return (int(day) + _CONTROLLERS.index(controller) * _YEARS) * _IN_A_NIGHT + count


def group(header: Mapping[str, Any]) -> str:
    """Return the name of an exposure's group: GROUPID, or else the exposure's number.

    Raises
    ------
    KeyError, FormatterError
        As for `exposure`.
    """
    return header_values.text(header.get("GROUPID")) or str(exposure(header))


def visit(header: Mapping[str, Any]) -> int:
    """Return the number of an exposure's group, from GROUPID; or else that of the exposure.

    A group named by a time has the milliseconds since 2015, and four digits of its own; one named
    by a number has that number; any other has 14 digits of a hash, and two for its length.

    Raises
    ------
    KeyError, FormatterError
        As for `exposure`.
    """
    group = header_values.text(header.get("GROUPID"))
    if group is None:
        return exposure(header)
    timed = _GROUP.fullmatch(group)
    if timed is not None:
        begin = datetime.datetime.fromisoformat(timed[1].replace(" ", "T"))
        seconds = int((begin - _FIRST).total_seconds())
        milliseconds = f"{timed[2] or '':0<3}"[:3]
        return int(f"{seconds}{milliseconds}{int(timed[3] or 0):04d}")
    if group.isdecimal():
        return int(group)
    digest = hashlib.blake2b(group.encode()).hexdigest()[:_DIGITS]
    return int(f"{int(digest, 16)}{len(group) % 100:02d}")
