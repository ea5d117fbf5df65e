"""From a file's headers to the rows that it will have in the registry."""

from __future__ import annotations

import collections
import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from persistence.composites.assemble import do_import
from persistence.errors import FormatterError, PersistenceError, told
from persistence.files import fits_headers as headers
from persistence.files.fits_headers import Cards
from persistence.ingest.config import IngestConfig, ParseConfig
from persistence.types.exposure.translator import HeaderTranslator

# Properties that a path may need and that only rows have: so that they are not looked up (gen2-cli
# 1.8).
_PLACEHOLDERS = ("ccdnum", "hdu", "ccd", "calib_hdu")


@dataclass(frozen=True)
class Parsed:
    """What the headers of one file say.

    Attributes
    ----------
    path : `str`
        The file.
    info : mapping
        The properties of the file as a whole.
    rows : `tuple` of mapping
        The properties of each part that gets a row.
    problem : `str`
        Why the file cannot be ingested; empty if it can.
    """

    path: str
    info: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    problem: str = ""


class Parser:
    """Reads headers as a camera's configuration says; can be sent to another process.

    Parameters
    ----------
    config : `ParseConfig`
        The camera's tables.
    headers : `HeaderTranslator`, optional
        Knows the camera's filters.
    """

    def __init__(self, config: ParseConfig, headers: HeaderTranslator | None = None) -> None:
        self.config = config
        self.headers = headers or HeaderTranslator()
        self._functions: dict[str, Callable[..., Any]] = {
            name: self.filter_name if function == "filter_name" else _function(function)
            for name, function in config.translators.items()
        }
        self._of_path = {
            name for name, function in self._functions.items() if _asks_for_path(function)
        }

    def __reduce__(self) -> tuple[Any, ...]:
        return Parser, (self.config, self.headers)

    def filter_name(self, header: Mapping[str, Any]) -> str:
        """Give the filter as data IDs call it: by the camera's list of filters."""
        return self.headers.label(str(header[self.headers.filter_key]).strip()).name

    def __call__(self, path: str) -> Parsed:
        """Read a file. What is wrong with it is told in the result, not raised."""
        try:
            info, rows = self._read(path)
        except (PersistenceError, OSError) as error:
            reason = (
                os.strerror(error.errno)
                if isinstance(error, OSError) and error.errno
                else str(error)
            )
            return Parsed(path, {}, (), reason)
        return Parsed(path, info, rows)

    def _read(self, path: str) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
        hdus = headers.scan(path)
        primary = next(hdus)
        seen = [primary]
        described: Mapping[str, Any] = primary
        if self.config.hdu is not None:
            while len(seen) <= self.config.hdu:
                seen.append(_next(hdus, path, self.config.hdu))
            described = seen[self.config.hdu]
        elif not primary.get("NAXIS"):
            first = next(hdus, None)
            if first is not None:
                seen.append(first)
                described = _Inherited(first, primary)
        if not self.config.extnames:
            info = self._translate(path, described, {})
            collections.deque(hdus, maxlen=0)  # walk to the end: is the file whole?
            return info, (info,)
        found = self._extensions(seen, hdus)
        if not found:
            info = self._translate(path, described, {})
            return info, ({**info, self.config.hduName: 1},)
        info = self._translate(path, described, {}, partial=True)
        rows = [
            (number, self._translate(path, _Inherited(cards, primary), info))
            for number, cards in found
        ]
        return info, tuple({**row, self.config.hduName: number} for number, row in rows)

    def _extensions(self, seen: list[Cards], hdus: Iterator[Cards]) -> list[tuple[int, Cards]]:
        """Find the wanted extensions, walking to the end of the file.

        The first of a name counts.
        """
        wanted = set(self.config.extnames)
        found, number = [], 0
        for number, cards in enumerate(itertools.chain(seen, hdus)):
            name = cards.get("EXTNAME") if number else None
            if name in wanted:
                wanted.discard(name)
                found.append((number, cards))
        if not found and not self.config.orWhole:
            raise FormatterError(
                f"none of its {number} extensions is one of {_some(self.config.extnames)}"
            )
        return found

    def _translate(
        self, path: str, cards: Mapping[str, Any], below: Mapping[str, Any], partial: bool = False
    ) -> dict[str, Any]:
        """Make properties of a header, over those of the whole file.

        ``partial`` lets keywords be absent that extensions may supply.
        """
        found = dict(below)
        for name, keyword in self.config.translation.items():
            value = cards.get(keyword)
            if value is None:
                value = self.config.defaults.get(name, found.get(name))
            if value is None and not partial:
                raise FormatterError(f"{name}: the header has no {keyword}")
            if value is not None:
                found[name] = value.strip() if isinstance(value, str) else value
        for name, function in self._functions.items():
            try:
                value = function(cards, path=path) if name in self._of_path else function(cards)
            except KeyError as error:
                if partial:
                    continue
                raise FormatterError(f"{name}: the header has no {error.args[0]}") from error
            # the camera's own code, on a header of any kind: one file fails, not the run
            except Exception as error:
                raise FormatterError(f"{name}: its translator failed: {told(error)}") from error
            if value is not None:
                found[name] = value
        return found


class _Inherited(Mapping[str, Any]):
    """A header over the primary one; what it lacks, the primary supplies."""

    def __init__(self, own: Mapping[str, Any], primary: Mapping[str, Any]) -> None:
        self._own, self._primary = own, primary

    def __getitem__(self, keyword: str) -> Any:
        try:
            return self._own[keyword]
        except KeyError:
            return self._primary[keyword]

    def __iter__(self) -> Iterator[str]:
        yield from dict.fromkeys([*self._own, *self._primary])

    def __len__(self) -> int:
        return sum(1 for _ in self)


def with_placeholders(info: Mapping[str, Any]) -> dict[str, Any]:
    """Give 0 for what only rows have, so that the path of a file can be made."""
    return {**dict.fromkeys(_PLACEHOLDERS, 0), **info}


def stored(row: Mapping[str, Any], config: IngestConfig) -> dict[str, Any]:
    """Give a row's values in the types of the columns.

    Raises
    ------
    FormatterError
        If one is missing, or is of another type.
    """
    values = {}
    for column, kind in config.register.types.items():
        if row.get(column) is None:
            raise FormatterError(f"{column}: the header does not tell it")
        try:
            values[column] = _storable(kind(row[column]))
        except (TypeError, ValueError, OverflowError):
            raise FormatterError(
                f"{column}={row[column]!r} is no {config.register.columns[column]}"
            ) from None
    return values


def _storable(value: Any) -> Any:
    """Give a value that SQLite can hold: its integers have 64 bits, its texts are UTF-8."""
    if isinstance(value, str):
        value.encode()
    elif isinstance(value, int) and value.bit_length() > 63:
        raise OverflowError
    return value


def translate_date(header: Mapping[str, Any]) -> str:
    """Give the date of DATE-OBS, which is in UTC: not the local night's."""
    return str(header["DATE-OBS"]).strip().split("T", 1)[0]


def translate_filter(header: Mapping[str, Any]) -> str:
    """Give the first word of FILTER."""
    return str(header["FILTER"]).strip().split(" ", 1)[0]


def translate_path(header: Mapping[str, Any], path: str) -> str:
    """Give the path of the file as it was given."""
    return path


_STOCK: Mapping[str, Callable[..., Any]] = {
    "translate_date": translate_date,
    "translate_filter": translate_filter,
    "translate_path": translate_path,
}


def _function(name: str) -> Callable[..., Any]:
    if name in _STOCK:
        return _STOCK[name]
    found: Callable[..., Any] = do_import(name, "the camera's ingest configuration")
    return found


def _asks_for_path(function: Callable[..., Any]) -> bool:
    """Say whether a translator has a parameter ``path``: it is told the file's, then."""
    try:
        return "path" in inspect.signature(function).parameters
    except ValueError:  # some functions written in C do not tell
        return False


def _next(hdus: Iterator[Cards], path: str, wanted: int) -> Cards:
    cards = next(hdus, None)
    if cards is None:
        raise FormatterError(f"{path} has no HDU {wanted}")
    return cards


def _some(words: Iterable[str]) -> str:
    listed = list(words)
    return ", ".join(listed[:3]) + (f", ... ({len(listed)} names)" if len(listed) > 3 else "")
