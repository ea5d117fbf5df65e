"""The archive behind the planes of an exposure's file (doc/gen2/afw-files.md 1.4 and 2.1)."""

from __future__ import annotations

from typing import Any, NamedTuple

from persistence.errors import FormatterError, LossyWarning, warn_caller
from persistence.formatters.archive_write import ArchiveWriter
from persistence.types.archives.read import Stored
from persistence.types.exposure.components import KEYS, Components
from persistence.types.exposure.detector import Detector
from persistence.types.exposure.exposure import Exposure

# Components that are stored in the headers.
_IN_HEADERS = ("wcs", "visit_info", "unit")
_OLD_WCS = ("Wcs", "TanWcs")
_VERSION = 2


class Written(NamedTuple):
    """An archive.

    Attributes
    ----------
    cards : `dict`
        The cards of the primary header that refer to it.
    content : `bytes`
        Its HDUs.
    """

    cards: dict[str, Any]
    content: bytes


def of(exposure: Exposure, hdus: int) -> Written | None:
    """Return the archive of an exposure's components; None if all are stored in the headers.

    Components that came from an archive and were not replaced are written as they were stored,
    whether their class is known or not.

    Parameters
    ----------
    exposure : `Exposure`
        What is written.
    hdus : `int`
        How many HDUs come before the archive.

    Raises
    ------
    FormatterError
        If a component that was given cannot be written; a detector is left out with a warning, for
        an assembled raw has one without anybody's asking.
    """
    components = exposure.components
    numbers = dict(components.numbers)
    if "wcs" in numbers and (exposure.given_wcs, exposure.changed_wcs) != (None, None):
        del numbers["wcs"]  # the header's WCS takes precedence
    given = {name: thing for name, thing in components.given.items() if name not in _IN_HEADERS}
    if isinstance(given.get("detector"), Detector):
        detector = given.pop("detector")
        warn_caller(
            f"detector {detector.name} ({detector.id}) is not written with the exposure: this "
            "package cannot write afw's detectors. The header's cards of it are kept",
            LossyWarning,
        )
    if not numbers and not given:
        return None
    writer = ArchiveWriter(_stored(components))
    numbers |= {
        name: _put(writer, name, thing) for name, thing in (_from_headers(exposure) | given).items()
    }
    cards: dict[str, Any] = {
        "EXPINFO_V": _VERSION,
        "AR_HDU": (hdus + 1, "HDU of the archive, counted from 1"),
    }
    for name, number in numbers.items():
        cards |= dict.fromkeys(_keys(components, name), number)
    return Written(cards, writer.content())


def _stored(components: Components) -> Stored | None:
    if not components.numbers:
        return None
    if not isinstance(components.source, Stored):
        raise FormatterError(
            f"the archive with {', '.join(components.numbers)} was not read, and cannot be written"
        )
    return components.source


def _from_headers(exposure: Exposure) -> dict[str, Any]:
    """Return the components that afw expects in the archive rather than in the headers."""
    both = {"photo_calib": exposure.photo_calib, "filter": exposure.filter}
    return {
        name: thing
        for name, thing in both.items()
        if thing is not None and name not in exposure.components
    }


def _put(writer: ArchiveWriter, name: str, thing: Any) -> int:
    try:
        return writer.put(thing)
    except FormatterError as error:
        without = f"replaced({name}=None) leaves it out"
        raise FormatterError(
            f"the component {name} cannot be written: {error}; {without}"
        ) from error


def _keys(components: Components, name: str) -> tuple[str, ...]:
    """Return the header's keywords for a component's id.

    WCSs of afw's former classes have only one of them, because afw would read the other as a
    SkyWcs.
    """
    keys = KEYS.get(name, (name.upper(),))
    if name == "wcs" and components.archive.class_of(components.numbers[name]) in _OLD_WCS:
        return (f"{keys[-1]}_ID",)
    return f"{keys[0]}_ID", f"ARCHIVE_ID_{keys[0]}"
