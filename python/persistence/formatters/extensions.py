"""Find the HDU of a detector by the header, wherever it is in the file.

Files of an exposure need not contain their detectors in the same order, nor all of them: a number
that is right for one file is another detector's in the next.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

from persistence.dataids.location import Location
from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.files.fits_headers import Cards

if TYPE_CHECKING:
    from persistence.cameras.mapper import Mapper
    from persistence.types.exposure.translator import HeaderTranslator

_MOST_SHOWN = 8


def of_detector(
    location: Location, mapper: Mapper, scan: Callable[[str], Iterator[Cards]] = fits_headers.scan
) -> Location:
    """Return a location with the HDU of the detector that its data ID names.

    It is returned unchanged if it names no HDU or no detector, or if the camera does not define the
    keyword of the detector's number.

    Parameters
    ----------
    location : `Location`
        Where a dataset is expected: an HDU of a file.
    mapper : `Mapper`
        Knows the camera's headers, and which key of a data ID is the detector's number.
    scan : callable, optional
        Returns the headers of a file, for callers that read them again.

    Raises
    ------
    FormatterError
        If the file does not hold the detector, or holds it twice, or does not tell.
    """
    if location.hdu is None or location.storage != "FitsStorage":
        return location
    key = mapper.policy.settings.get("detectors", {}).get("key")
    if key not in location.dataId:
        return location
    translator, number = mapper.translator, location.dataId[key]
    if translator.detector_key is None:
        return location
    path = location.full_path
    before = list(itertools.islice(scan(path), location.hdu + 1))
    is_there = len(before) > location.hdu
    if is_there and _number(path, location.hdu, before, translator) == number:
        return location
    headers = list(scan(path))
    numbers = {
        hdu: _number(path, hdu, headers, translator)
        for hdu, cards in enumerate(headers)
        if hdu or cards.get("NAXIS")
    }
    matching = [hdu for hdu, other in numbers.items() if other == number]
    if len(matching) != 1:
        raise FormatterError(f"{path} {_problem(number, numbers, matching, translator)}")
    return location._replace(hdu=matching[0])


def _number(
    path: str, hdu: int, headers: Sequence[Cards], translator: HeaderTranslator
) -> int | None:
    """Return the number of an HDU's detector, by its own header or by the primary one."""
    try:
        number = translator.detector_number(headers[hdu])
    except FormatterError as error:
        raise FormatterError(f"{path}: HDU {hdu}: {error}") from error
    return translator.detector_number(headers[0]) if number is None else number


def _problem(
    number: int,
    numbers: Mapping[int, int | None],
    matching: Sequence[int],
    translator: HeaderTranslator,
) -> str:
    """Return the reason why the detector's HDU cannot be found."""
    names = translator.detectors
    wanted = f"detector {number}" + (f" ({names[number]})" if number in names else "")
    if matching:
        return f"holds {wanted} more than once, in HDUs {', '.join(map(str, matching))}"
    held = sorted({str(names.get(other, other)) for other in numbers.values() if other is not None})
    if not held:
        return (
            f"does not show which HDU holds {wanted}: none of its {len(numbers)} HDUs has "
            f"{translator.detector_key}, or a detector's name as EXTNAME"
        )
    shown = ", ".join(held[:_MOST_SHOWN]) + (", ..." if len(held) > _MOST_SHOWN else "")
    return f"does not hold {wanted}; the detectors in it are {shown}"
