"""The rows of a query, which are read when they are first used."""

from __future__ import annotations

import datetime
import html
import itertools
import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, overload

from persistence.errors import NoResults, UnknownKey, did_you_mean

if TYPE_CHECKING:
    from astropy.table import Table
    from pandas import DataFrame

    from persistence.butler.subset import ButlerDataRef

_SHOWN = 10
_EPOCH = datetime.datetime(1970, 1, 1, tzinfo=datetime.UTC)


class Rows:
    """Rows of a query, with named columns.

    Parameters
    ----------
    title : `str`
        A title for printing.
    kinds : mapping [`str`, `type`]
        The columns, with their types.
    ask : callable
        Runs the query and returns an iterator of tuples.
    refer : callable, optional
        Returns references to the datasets.

    Notes
    -----
    Nothing is read before the rows are used. Iteration reads them one by one and does not keep
    them, so that a million rows need no memory. `len`, indexing and `to_table` keep all rows.
    """

    def __init__(
        self,
        title: str,
        kinds: Mapping[str, type],
        ask: Callable[[], Iterator[tuple[Any, ...]]],
        refer: Callable[[], list[ButlerDataRef]] | None = None,
    ) -> None:
        self.title = title
        self._kinds = dict(kinds)
        self._ask = ask
        self._refer = refer
        self._kept: list[tuple[Any, ...]] | None = None
        # Conversions of columns whose values SQLite stores in another form.
        self._shown = {
            position: _SHOW[kind]
            for position, kind in enumerate(self._kinds.values())
            if kind in _SHOW
        }

    @property
    def columns(self) -> tuple[str, ...]:
        """The names of the columns."""
        return tuple(self._kinds)

    @property
    def kinds(self) -> Mapping[str, type]:
        """The types of the columns."""
        return dict(self._kinds)

    def tuples(self) -> Iterator[tuple[Any, ...]]:
        """Yield the rows as tuples."""
        rows: Iterator[tuple[Any, ...]] = self._ask() if self._kept is None else iter(self._kept)
        if not self._shown or self._kept is not None:
            return rows
        return (self._row(row) for row in rows)

    def _row(self, row: tuple[Any, ...]) -> tuple[Any, ...]:
        values = list(row)
        for position, show in self._shown.items():
            if values[position] is not None:
                values[position] = show(values[position])
        return tuple(values)

    def _all(self) -> list[tuple[Any, ...]]:
        if self._kept is None:
            self._kept = list(self.tuples())
        return self._kept

    def __iter__(self) -> Iterator[dict[str, Any]]:
        # The number of rows is needed with the first row only: `list` begins to iterate, then asks
        # for the length, and would otherwise run the query twice.
        names = self.columns
        for row in self.tuples():
            yield dict(zip(names, row, strict=True))

    def __len__(self) -> int:
        return len(self._all())

    def __bool__(self) -> bool:
        return next(self.tuples(), None) is not None

    @overload
    def __getitem__(self, index: int) -> dict[str, Any]: ...

    @overload
    def __getitem__(self, index: slice) -> list[dict[str, Any]]: ...

    @overload
    def __getitem__(self, index: str) -> list[Any]: ...

    def __getitem__(self, index: int | slice | str) -> Any:
        """Return a row, a list of rows, or the values of a column."""
        if isinstance(index, str):
            if index not in self._kinds:
                hint = did_you_mean(index, self._kinds)
                raise UnknownKey(f"there is no column {index!r}{hint}")
            position = self.columns.index(index)
            return [row[position] for row in self._all()]
        if isinstance(index, slice):
            return [dict(zip(self.columns, row, strict=True)) for row in self._all()[index]]
        return dict(zip(self.columns, self._all()[index], strict=True))

    def _ipython_key_completions_(self) -> list[str]:
        return list(self.columns)

    # -- conversions
    # -------------------------------------------------------------------------------

    def to_table(self) -> Table:
        """Return the rows as an astropy table.

        Returns
        -------
        table : `astropy.table.Table`
            Missing values are masked; times are `~astropy.time.Time` in UTC.
        """
        from persistence.butler import tables  # lazy: astropy takes its time

        return tables.to_table(self._kinds, self._all())

    def to_pandas(self) -> DataFrame:
        """Return the rows as a pandas DataFrame.

        Returns
        -------
        frame : `pandas.DataFrame`
            The rows.

        Raises
        ------
        MissingExtra
            If pandas is not installed.
        """
        from persistence.butler import tables  # lazy: astropy takes its time

        return tables.to_pandas(self._kinds, self._all())

    def refs(self) -> list[ButlerDataRef]:
        """Return references to the datasets, with complete data IDs.

        Returns
        -------
        refs : `list` [`ButlerDataRef`]
            The references.

        Raises
        ------
        NoResults
            If the rows are not datasets.
        """
        if self._refer is None:
            raise NoResults("No references to:", self.title, {}, ["these rows are not datasets"])
        return self._refer()

    # -- printing
    # -------------------------------------------------------------------------------------

    def _lines(self) -> tuple[list[list[str]], str]:
        """Return the first rows as text, and a remark about the remaining ones."""
        kept = self._kept
        first = list(itertools.islice(self.tuples(), _SHOWN + 1))
        texts = [[_text(value) for value in row] for row in first[:_SHOWN]]
        if len(first) <= _SHOWN and kept is None:
            return texts, f"{len(first)} rows"
        more = f"{len(kept)} rows" if kept is not None else f"more than {_SHOWN} rows"
        return texts, more

    def __repr__(self) -> str:
        texts, more = self._lines()
        lines = [list(self.columns), *texts]
        widths = [
            max(len(line[position]) for line in lines) for position in range(len(self.columns))
        ]
        shown = [
            "  ".join(word.ljust(width) for word, width in zip(line, widths, strict=True)).rstrip()
            for line in lines
        ]
        return "\n".join([f"{self.title}: {more}", *shown])

    def _repr_html_(self) -> str:
        texts, more = self._lines()
        head = "".join(f"<th>{html.escape(name)}</th>" for name in self.columns)
        rows = "".join(
            "<tr>" + "".join(f"<td>{html.escape(word)}</td>" for word in line) + "</tr>"
            for line in texts
        )
        return (
            f"<p>{html.escape(f'{self.title}: {more}')}</p>"
            f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
        )


class ConvertedRows(Rows):
    """Rows whose values already have the form in which they are shown."""

    def __init__(
        self,
        title: str,
        kinds: Mapping[str, type],
        ask: Callable[[], Iterator[tuple[Any, ...]]],
        refer: Callable[[], list[ButlerDataRef]] | None = None,
    ) -> None:
        super().__init__(title, kinds, ask, refer)
        self._shown = {}


def ordered(
    rows: list[tuple[Any, ...]], names: Sequence[str], order: Sequence[str]
) -> list[tuple[Any, ...]]:
    """Return rows sorted by some columns, ``-size`` for descending; missing values come last."""
    for word in reversed(order):
        position = names.index(word.removeprefix("-"))
        present = [row for row in rows if row[position] is not None]
        present.sort(key=operator.itemgetter(position), reverse=word.startswith("-"))
        rows = present + [row for row in rows if row[position] is None]
    return rows


def _text(value: Any) -> str:
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%S")
    text = "" if value is None else str(value)
    return "".join(letter if letter.isprintable() else "?" for letter in text)


def _instant(nanoseconds: int) -> datetime.datetime:
    return _EPOCH + datetime.timedelta(microseconds=nanoseconds // 1000)


_SHOW: Mapping[type, Callable[[Any], Any]] = {datetime.datetime: _instant, bool: bool}
