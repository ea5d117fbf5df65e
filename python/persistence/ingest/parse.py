"""Parse a file's headers into the registry rows of the file."""

from __future__ import annotations

import collections
import inspect
import itertools
import os
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from persistence.composites.assemble import do_import
from persistence.errors import FormatterError, PersistenceError, told
from persistence.files import fits_headers as headers
from persistence.files import header_values
from persistence.files.fits_headers import Cards
from persistence.ingest import rules
from persistence.ingest.checks import FILTER, Checks, Unfit
from persistence.ingest.config import IngestConfig, ParseConfig
from persistence.ingest.extensions import some, wanted
from persistence.ingest.naming import Naming
from persistence.ingest.rules import Rule
from persistence.types.exposure import headersource, headertimes
from persistence.types.exposure.translator import HeaderTranslator

# Properties that a path may need but only rows have, so that they are not looked up
# (doc/gen2/gen2-cli.md, 1.8).
_PLACEHOLDERS = ("ccdnum", "hdu", "ccd", "calib_hdu")
_DAY = len("2015-02-18")
_DIGITS = 6  # digits of seconds
_MILLISECONDS = 3


@dataclass(frozen=True)
class Parsed:
    """The content of the headers of one file.

    Attributes
    ----------
    path : `str`
        The file.
    info : mapping
        The properties of the whole file.
    rows : `tuple` of mapping
        The properties of each part that has a row.
    problem : `str`
        Why the file cannot be ingested; empty if it can.
    unlisted : `tuple` [`str`]
        Its filters that the camera does not list.
    """

    path: str
    info: Mapping[str, Any]
    rows: tuple[Mapping[str, Any], ...]
    problem: str = ""
    unlisted: tuple[str, ...] = ()


class Parser:
    """Parse headers according to a camera's configuration; can be pickled.

    Parameters
    ----------
    config : `ParseConfig`
        The camera's configuration.
    headers : `HeaderTranslator`, optional
        Knows the camera's filters.
    checks : `Checks`, optional
        The checks of the values. Default: none.
    naming : `Naming`, optional
        The names of the camera's detectors.
    """

    def __init__(
        self,
        config: ParseConfig,
        headers: HeaderTranslator | None = None,
        checks: Checks | None = None,
        naming: Naming | None = None,
    ) -> None:
        self.config = config
        self.headers = headers or HeaderTranslator()
        self.checks = checks or Checks()
        self.naming = naming or Naming()
        self._functions: dict[str, Callable[..., Any]] = {
            name: self._own.get(str(function)) or _function(name, function)
            for name, function in config.translators.items()
        }
        self._of_path = {
            name for name, function in self._functions.items() if _asks_for_path(function)
        }

        # Checked texts of a file: its extensions repeat those of the exposure.
        self._checked: dict[tuple[str, str], Any] = {}

    def __reduce__(self) -> tuple[Any, ...]:
        return Parser, (self.config, self.headers, self.checks, self.naming)

    @property
    def _own(self) -> Mapping[str, Callable[..., Any]]:
        """The translators that need the camera."""
        return {"filter_name": self.filter_name, "translate_begin": self.translate_begin}

    def translate_begin(self, header: Mapping[str, Any]) -> str:
        """Return the begin of the exposure, by ``headers.visit.date_begin``, in its scale.

        Raises
        ------
        KeyError
            If the header lacks it.
        """
        begin = self.headers.begin(header)
        if begin is None:
            raise KeyError("DATE-OBS")
        time = headertimes.to_time(begin)
        time.precision = _MILLISECONDS
        text: str = time.isot
        return text

    def filter_name(self, header: Mapping[str, Any]) -> str:
        """Return the name of the filter in data IDs, from the camera's list of filters.

        Raises
        ------
        FormatterError
            If the header has the keyword, but no filter.
        """
        return self.headers.label(self.headers.filter_text(header)).name

    def __call__(self, path: str) -> Parsed:
        """Parse a file. Problems are reported in the result, not raised."""
        try:
            info, rows = self._read(path)
        except (PersistenceError, OSError) as error:
            reason = (
                os.strerror(error.errno)
                if isinstance(error, OSError) and error.errno
                else str(error)
            )
            # the report shows the path before the reason
            return Parsed(path, {}, (), reason.removeprefix(path).removeprefix(":").lstrip())
        filters = dict.fromkeys(row[FILTER] for row in rows if FILTER in row)
        unlisted = tuple(name for name in filters if not self.checks.lists(name))
        return Parsed(path, info, rows, unlisted=unlisted)

    def _read(self, path: str) -> tuple[dict[str, Any], tuple[dict[str, Any], ...]]:
        self._checked.clear()
        hdus = headers.scan(path)
        primary = next(hdus)
        seen = [primary]
        described = _Known(primary)
        self.headers.refuse_other_camera(described)
        if self.config.hdu is not None:
            while len(seen) <= self.config.hdu:
                seen.append(_next(hdus, path, self.config.hdu))
            described = _Known(seen[self.config.hdu])
        elif not primary.get("NAXIS"):
            first = next(hdus, None)
            if first is not None:
                seen.append(first)
                described = _Known(first, primary)
        self.headers.refuse_other_camera(described)
        hdus_ = itertools.chain(seen, hdus)
        extensions = wanted(hdus_, self.config, self.headers) if self.config.extnames else []
        collections.deque(hdus, maxlen=0)  # read to the end, to see whether the file is complete
        if not extensions:
            whole = self._properties(path, described)
            _refuse(whole.wrong())
            numbered = {self.config.hduName: 1} if self.config.extnames else {}
            return whole.values, ({**whole.values, **numbered},)
        # extensions may supply what is invalid here
        info = self._properties(path, described).values
        rows: list[dict[str, Any]] = []
        wrong: dict[str, list[int]] = {}
        # extensions inherit cards from the HDU that the camera names for the file
        below = {} if self.config.hdu is None else info
        for number, cards in extensions:
            part = self._properties(path, _Known(cards, primary), below)
            rows.append({**part.values, self.config.hduName: number})
            for problem in part.wrong():
                wrong.setdefault(problem, []).append(number)
        _refuse(
            problem if len(numbers) == len(rows) else f"{problem}, in HDU {some(map(str, numbers))}"
            for problem, numbers in wrong.items()
        )
        return info, tuple(rows)

    def _properties(self, path: str, cards: _Known, below: Mapping[str, Any] = {}) -> _Properties:
        """Return the properties of a header, in addition to those of the whole file."""
        properties = _Properties(cards, dict(below))
        for name, keyword in self.config.translation.items():
            self._copy(properties, name, keyword, name in below)
        for name in self._functions:
            self._compute(properties, name, path)
        try:
            for name, value in self.naming.others(properties.values).items():
                properties.values[name] = self._check(name, value)
        except (FormatterError, Unfit) as error:
            properties.problems.append(str(error))
        return properties

    def _copy(self, properties: _Properties, name: str, keyword: str, is_below: bool) -> None:
        """Copy a property from its keyword, or from the defaults."""
        value, source = properties.cards.get(keyword), keyword
        if value is None:
            value, source = self.config.defaults.get(name), f"parse.defaults: {name}"
        if value is None:
            if not is_below and name not in self.config.defaults:
                properties.missing.setdefault(keyword, []).append(name)
            return
        try:
            properties.values[name] = self._check(name, value)
        except Unfit as error:
            properties.problems.append(f"{source}={value!r} {error} (for {name})")

    def _compute(self, properties: _Properties, name: str, path: str) -> None:
        """Compute a property with its translator."""
        try:
            value = self._call(name, properties.cards, path)
            if isinstance(value, bool) and not self._is_handed_on(name, properties.cards, path):
                value = int(value)  # values returned by functions are intended
            if value is not None:
                properties.values[name] = self._check(name, value)
        except KeyError as error:
            if name in self.config.defaults:
                self._copy(properties, name, str(error.args[0]), is_below=False)
            else:
                properties.missing.setdefault(str(error.args[0]), []).append(name)
        except Unfit as error:
            noted = _Asked(properties.cards)
            self._call(name, noted, path)
            sources = ", ".join(f"{keyword}={used!r}" for keyword, used in noted.used.items())
            origin = f" (from {sources})" if sources else ""
            properties.problems.append(f"{name}={value!r} {error}{origin}")
        except FormatterError as error:
            properties.problems.append(f"{error} (for {name})")
        # camera code may raise any error; one file fails, not the run
        except Exception as error:
            properties.problems.append(f"{name}: its translator failed: {told(error)}")

    def _is_handed_on(self, name: str, cards: _Known, path: str) -> bool:
        """Check if a boolean is copied from the header by a function: a card's T is not 1."""
        noted = _Asked(cards)
        self._call(name, noted, path)
        return any(isinstance(used, bool) for used in noted.used.values())

    def _check(self, name: str, value: Any) -> Any:
        if type(value) is not str:
            return self.checks(name, value)
        key = (name, value)
        if key not in self._checked:
            self._checked[key] = self.checks(name, value.strip())
        return self._checked[key]

    def _call(self, name: str, cards: Mapping[str, Any], path: str) -> Any:
        function = self._functions[name]
        return function(cards, path=path) if name in self._of_path else function(cards)


class _Known(Mapping[str, Any]):
    """Headers in order of precedence, without the cards that have no value."""

    def __init__(self, *headers: Mapping[str, Any]) -> None:
        self._headers = headers

    def get(self, keyword: str, default: Any = None) -> Any:
        for header in self._headers:
            value = header.get(keyword)
            if value is not None:
                return value
        return default

    def __getitem__(self, keyword: str) -> Any:
        value = self.get(keyword)
        if value is None:
            raise KeyError(keyword)
        return value

    def __contains__(self, keyword: object) -> bool:
        return self.get(str(keyword)) is not None

    def __iter__(self) -> Iterator[str]:
        names = dict.fromkeys(itertools.chain.from_iterable(self._headers))
        yield from (name for name in names if name in self)

    def __len__(self) -> int:
        return sum(1 for _ in self)

    def has_card(self, keyword: str) -> bool:
        """Check whether there is a card with this keyword, with or without a value."""
        return any(keyword in header for header in self._headers)


class _Asked(_Known):
    """A header that records which of its cards were used."""

    def __init__(self, *headers: Mapping[str, Any]) -> None:
        super().__init__(*headers)
        self.used: dict[str, Any] = {}

    def get(self, keyword: str, default: Any = None) -> Any:
        value = super().get(keyword)
        if value is None:
            return default
        self.used[keyword] = value
        return value


@dataclass
class _Properties:
    """The properties of one header, and its problems."""

    cards: _Known
    values: dict[str, Any]
    missing: dict[str, list[str]] = field(default_factory=dict)
    problems: list[str] = field(default_factory=list)

    def wrong(self) -> Iterator[str]:
        """Yield the missing keywords, those without a value, and the invalid values."""
        shown = {
            keyword: keyword if names == [keyword] else f"{keyword} (for {', '.join(names)})"
            for keyword, names in self.missing.items()
        }
        lacking = [text for keyword, text in shown.items() if not self.cards.has_card(keyword)]
        if lacking:
            yield f"the header has no {', '.join(lacking)}"
        empty = [text for keyword, text in shown.items() if self.cards.has_card(keyword)]
        if empty:
            yield f"the header has no value in {', '.join(empty)}"
        yield from self.problems


def _refuse(problems: Iterable[str]) -> None:
    listed = list(problems)
    if listed:
        raise FormatterError("; ".join(listed))


def with_placeholders(info: Mapping[str, Any]) -> dict[str, Any]:
    """Return properties with 0 for those that only rows have, so that paths can be formatted."""
    return {**dict.fromkeys(_PLACEHOLDERS, 0), **info}


def stored(row: Mapping[str, Any], config: IngestConfig) -> dict[str, Any]:
    """Return the values of the registry's columns for a row.

    Raises
    ------
    FormatterError
        If some are missing, or a text is not UTF-8.
    """
    # null among the defaults means that no header has to contain it
    free = {name for name, value in config.parse.defaults.items() if value is None}
    columns = config.register.columns
    missing = [column for column in columns if column not in free and row.get(column) is None]
    if missing:
        raise FormatterError(f"the header lacks {', '.join(missing)}")
    return {column: row.get(column) for column in columns}


def translate_date(header: Mapping[str, Any]) -> str:
    """Return the date of DATE-OBS in UTC, which is not the local night's.

    Raises
    ------
    FormatterError
        If it is not a date, or TIMESYS is unknown.
    """
    return translate_datetime(header)[:10]


def translate_datetime(header: Mapping[str, Any]) -> str:
    """Return DATE-OBS in UTC, unchanged if it is UTC and has a time of day.

    The time of a date alone is taken from UT, UTC-OBS, TIME-OBS or a Julian date of that day; if
    there is none, the date is returned.

    Raises
    ------
    FormatterError
        If it is not a date, or TIMESYS is unknown.
    """
    # written by afw or this package: the middle of the exposure
    key = "DATE-AVG" if "DATE-AVG" in header and "DATE-OBS" not in header else "DATE-OBS"
    date = header_values.date(header[key])
    if date is None:
        raise FormatterError(f"{key}={header[key]!r} is not a date")
    scale = headertimes.scale_of(header.get("TIMESYS"))
    if len(date) > _DAY and scale == "utc":
        return date
    begin = headertimes.moment(header, headersource.sources(key))
    if begin is None or begin.scale == "utc":
        return date if begin is None else begin.text
    time = headertimes.to_time(begin)
    time.precision = _DIGITS
    utc: str = time.utc.isot
    return utc


def translate_filter(header: Mapping[str, Any]) -> str:
    """Return the first word of FILTER.

    Raises
    ------
    FormatterError
        If there is none.
    """
    return _text(header, "FILTER").split(" ", 1)[0]


def _text(header: Mapping[str, Any], keyword: str) -> str:
    text = header_values.text(header[keyword])
    if text is None:
        raise FormatterError(f"{keyword}={header[keyword]!r} is empty")
    return text


def translate_path(header: Mapping[str, Any], path: str) -> str:
    """Return the path of the file, as named by the user."""
    return path


STOCK: Mapping[str, Callable[..., Any]] = {
    "translate_date": translate_date,
    "translate_datetime": translate_datetime,
    "translate_filter": translate_filter,
    "translate_path": translate_path,
}


def _function(name: str, value: Any) -> Callable[..., Any]:
    """Return the translator of a property: a rule, or a function by its name."""
    if isinstance(value, Rule):
        return value
    if not isinstance(value, str):  # from the command line
        return rules.make(name, value, f"parse.translators.{name}")
    if value in STOCK:
        return STOCK[value]
    function: Callable[..., Any] = do_import(value, "the camera's ingest configuration")
    return function


def _asks_for_path(function: Callable[..., Any]) -> bool:
    """Return whether a translator has a parameter ``path``."""
    try:
        return "path" in inspect.signature(function).parameters
    except ValueError:  # some functions written in C have no signature
        return False


def _next(hdus: Iterator[Cards], path: str, wanted: int) -> Cards:
    cards = next(hdus, None)
    if cards is None:
        raise FormatterError(f"{path} has no HDU {wanted}")
    return cards
