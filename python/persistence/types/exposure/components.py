"""The components of an exposure.

Objects that lie in its archive until they are asked for, or that were given.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from persistence.errors import FormatterError, did_you_mean
from persistence.types.archives.archive import FACTORIES, Archive

# Attribute of an exposure -> what headers call its number, older names last. Source: afw-files 1.4.
KEYS: Mapping[str, tuple[str, ...]] = {
    "psf": ("PSF",),
    "wcs": ("SKYWCS", "WCS"),
    "photo_calib": ("PHOTOCALIB",),
    "filter": ("FILTER",),
    "detector": ("DETECTOR",),
    "ap_corr_map": ("AP_CORR_MAP",),
    "valid_polygon": ("VALID_POLYGON",),
    "coadd_inputs": ("COADD_INPUTS",),
    "transmission_curve": ("TRANSMISSION_CURVE",),
}
_NAMES = {key: name for name, keys in KEYS.items() for key in keys}
_GENERIC = "ARCHIVE_ID_"
# Source: afw-files 1.4. What a later version means cannot be known.
_LAST_VERSION = 2


class Components(Mapping[str, Any]):
    """Objects by name: ``psf``, ``wcs``, ``photo_calib``, ...

    Each is made when it is first asked for.

    Parameters
    ----------
    numbers : mapping [`str`, `int`], optional
        The numbers in the archive of those that lie there.
    source : callable, optional
        Gives the archive; called when the first of them is asked for.
    given : mapping, optional
        Those that came in another way; they come before the archive's. None takes one away.
    """

    def __init__(
        self,
        numbers: Mapping[str, int] = MappingProxyType({}),
        source: Callable[[], Archive] | None = None,
        given: Mapping[str, Any] = MappingProxyType({}),
    ) -> None:
        self.numbers = {name: number for name, number in numbers.items() if name not in given}
        self.source = source
        self.given = {name: thing for name, thing in given.items() if thing is not None}
        self._archive: Archive | None = None

    def __reduce__(self) -> tuple[Any, ...]:
        return Components, (self.numbers, self.source, self.given)

    def replaced(self, **given: Any) -> Components:
        """Give a copy with some components replaced, or taken away by None."""
        return Components(self.numbers, self.source, {**self.given, **given})

    @property
    def archive(self) -> Archive:
        """The archive, read when it is first needed."""
        if self._archive is None:
            if self.source is None:
                raise FormatterError(f"there is no archive for {', '.join(self.numbers)}")
            self._archive = self.source()
        return self._archive

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of those whose classes are not known here: only their tables can be had."""
        return tuple(
            name
            for name, number in self.numbers.items()
            if self.archive.class_of(number) not in FACTORIES
        )

    def __getitem__(self, name: str) -> Any:
        """Give a component.

        Raises
        ------
        KeyError
            If the exposure has none of that name.
        FormatterError
            If it is damaged, or not where the header says.
        """
        if name in self.given:
            return self.given[name]
        if name not in self.numbers:
            raise KeyError(f"no component {name!r}{did_you_mean(name, self)}")
        try:
            return self.archive.load(self.numbers[name])
        except FormatterError as error:
            raise FormatterError(f"the component {name} cannot be read: {error}") from error

    def __iter__(self) -> Iterator[str]:
        yield from self.given
        yield from self.numbers

    def __len__(self) -> int:
        return len(self.given) + len(self.numbers)

    def __repr__(self) -> str:
        return f"Components({', '.join(self)})"


def numbers_in(header: Mapping[str, Any], what: str) -> dict[str, int]:
    """Read from a primary header the names and archive numbers of the components.

    Parameters
    ----------
    header : mapping
        The header.
    what : `str`
        The file, for messages.

    Raises
    ------
    FormatterError
        If the header is of a version that is not known.
    """
    version = header.get("EXPINFO_V", 0)
    if isinstance(version, int) and version > _LAST_VERSION:
        raise FormatterError(
            f"{what} is of version {version} (EXPINFO_V); the last that is known is {_LAST_VERSION}"
        )
    if not header.get("AR_HDU"):
        return {}
    found: dict[str, Any] = {}
    for key, name in _NAMES.items():
        found[name] = found.get(name) or header.get(f"{key}_ID")
    for keyword in header:
        if keyword.startswith(_GENERIC):
            key = keyword.removeprefix(_GENERIC)
            found[_NAMES.get(key, key.lower())] = header[keyword]
    return {
        name: number for name, number in found.items() if isinstance(number, int) and number > 0
    }
