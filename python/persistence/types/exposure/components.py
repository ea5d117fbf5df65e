"""The components of an exposure: objects in its archive, read on access, or set by users."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from types import MappingProxyType
from typing import Any

from persistence.errors import FormatterError, did_you_mean
from persistence.types.archives.archive import FACTORIES, Archive

# Attribute of an exposure -> keywords of its number, older ones last. Source: afw-files 1.4.
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
# Source: afw-files 1.4. The meaning of later versions is unknown.
_LAST_VERSION = 2


class Components(Mapping[str, Any]):
    """Objects by name: ``psf``, ``wcs``, ``photo_calib``, ...; each is created on first access.

    Parameters
    ----------
    numbers : mapping of `str` to `int`, optional
        The numbers of objects in the archive.
    source : callable or `None`, optional
        A function that returns the archive; called on the first access to one of them.
    given : mapping, optional
        Objects that replace those of the archive; None removes one.
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
        """Return a copy with some components replaced, or removed by None."""
        return Components(self.numbers, self.source, {**self.given, **given})

    @property
    def archive(self) -> Archive:
        """The archive, read on first access."""
        if self._archive is None:
            if self.source is None:
                raise FormatterError(f"there is no archive for {', '.join(self.numbers)}")
            self._archive = self.source()
        return self._archive

    @property
    def unknown(self) -> tuple[str, ...]:
        """The names of components of unknown classes: only their tables are available."""
        return tuple(
            name
            for name, number in self.numbers.items()
            if self.archive.class_of(number) not in FACTORIES
        )

    def __getitem__(self, name: str) -> Any:
        """Return a component.

        Raises
        ------
        KeyError
            If the exposure has no component of that name.
        FormatterError
            If it is damaged, or not at the position in the header.
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
    """Return the names and archive numbers of the components in a primary header.

    Parameters
    ----------
    header : mapping
        The header.
    what : `str`
        The file, for messages.

    Returns
    -------
    `dict` [`str`, `int`]
        The numbers by name.

    Raises
    ------
    FormatterError
        If the header has an unknown version.
    """
    version = header.get("EXPINFO_V", 0)
    if isinstance(version, int) and version > _LAST_VERSION:
        raise FormatterError(
            f"{what} has version {version} (EXPINFO_V); the last known version is {_LAST_VERSION}"
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
