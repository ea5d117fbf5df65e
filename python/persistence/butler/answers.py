"""What a Butler answers with: lists and sets of Gen2, which know their columns and their order."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence import notebook
from persistence.notebook import Html

if TYPE_CHECKING:
    from astropy.table import Table
    from pandas import DataFrame

_SHOWN = 20
_NUMBERS = {int, float}


class Columns:
    """Rows of named values, as tables.

    Parameters
    ----------
    keys : sequence of `str`
        The names of the columns.
    rows : sequence of `tuple`
        The values.
    kinds : mapping [`str`, `type`]
        The types of the columns, as far as they are known.
    """

    def __init__(
        self, keys: Sequence[str], rows: Sequence[tuple[Any, ...]], kinds: Mapping[str, type] = {}
    ) -> None:
        self.rows = rows
        self.kinds = {
            key: _kind([row[position] for row in rows], kinds.get(key, str))
            for position, key in enumerate(keys)
        }

    def to_table(self) -> Table:
        """Return an astropy table; what has no value is masked."""
        from persistence.butler import tables  # lazy: astropy takes its time

        return tables.to_table(self.kinds, self._plain())

    def to_pandas(self) -> DataFrame:
        """Return a DataFrame of pandas, which has to be installed."""
        from persistence.butler import tables  # lazy: astropy takes its time

        return tables.to_pandas(self.kinds, self._plain())

    def _plain(self) -> list[tuple[Any, ...]]:
        """Return the rows with values of the columns' types: numbers beside texts are texts."""
        kinds = list(self.kinds.values())
        return [
            tuple(
                value if value is None else kind(value)
                for kind, value in zip(kinds, row, strict=True)
            )
            for row in self.rows
        ]


def table_of(keys: Sequence[str], rows: Sequence[Sequence[Any]]) -> Html:
    """Return the first rows as an HTML table."""
    shown = notebook.table(rows[:_SHOWN], keys)
    more = f"the first {_SHOWN} of {len(rows)} rows" if len(rows) > _SHOWN else ""
    return notebook.join([shown, notebook.tag("div", more)])


def _kind(values: Iterable[Any], declared: type) -> type:
    kinds = {type(value) for value in values if value is not None}
    if not kinds:
        return declared if declared in (*_NUMBERS, str) else str
    if len(kinds) == 1 and kinds <= {*_NUMBERS, str, bool}:
        return kinds.pop()
    return float if kinds <= _NUMBERS else str


class Values(list[Any]):
    """The result of `Butler.queryMetadata`: a list, of values of one key or of tuples of several.

    Parameters
    ----------
    values : iterable
        Its items.
    keys : sequence of `str`
        What was asked for.
    kinds : mapping [`str`, `type`]
        The types of keys, as far as they are known.

    Examples
    --------
    >>> values = Values([(1, "g"), (2, "r")], ["visit", "filter"])
    >>> values == [(1, "g"), (2, "r")]
    True
    >>> values.to_table().colnames
    ['visit', 'filter']
    """

    def __init__(
        self, values: Iterable[Any] = (), keys: Sequence[str] = (), kinds: Mapping[str, type] = {}
    ) -> None:
        super().__init__(values)
        self.keys = tuple(keys)
        self._kinds = dict(kinds)

    def _columns(self) -> Columns:
        rows = [(value,) for value in self] if len(self.keys) == 1 else self
        return Columns(self.keys, rows, self._kinds)

    def to_table(self) -> Table:
        """Return an astropy table with a column for each key; what has no value is masked."""
        return self._columns().to_table()

    def to_pandas(self) -> DataFrame:
        """Return a DataFrame of pandas, which has to be installed, with a column for each key."""
        return self._columns().to_pandas()

    @notebook.shows
    def _repr_html_(self) -> Html:
        return table_of(self.keys, self._columns().rows)


class TypeNames(set[str]):
    """The result of `Butler.getDatasetTypes`: a set, which iterates in order.

    Parameters
    ----------
    names : iterable of `str`
        The names.
    views : mapping [`str`, `str`]
        Those that are views (``calexp_md``), with what they are views of.

    Attributes
    ----------
    types : `list` [`str`]
        The dataset types, sorted, without views.
    views : `dict` [`str`, `list` [`str`]]
        The views of each dataset type, sorted.

    Examples
    --------
    >>> names = TypeNames({"src", "calexp_md", "calexp"}, {"calexp_md": "calexp"})
    >>> list(names), names.types, names.views
    (['calexp', 'calexp_md', 'src'], ['calexp', 'src'], {'calexp': ['calexp_md']})
    """

    def __init__(self, names: Iterable[str] = (), views: Mapping[str, str] = {}) -> None:
        super().__init__(names)
        self._views = dict(views)

    def __iter__(self) -> Iterator[str]:
        return iter(sorted(super().__iter__()))

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (list(self), self._views)

    @property
    def types(self) -> list[str]:
        return [name for name in self if name not in self._views]

    @property
    def views(self) -> dict[str, list[str]]:
        paths: dict[str, list[str]] = {}
        for name in self:
            if name in self._views:
                paths.setdefault(self._views[name], []).append(name)
        return paths

    def merged(self, other: TypeNames) -> TypeNames:
        """Return these names and others."""
        return TypeNames({*self, *other}, {**other._views, **self._views})

    def __repr__(self) -> str:
        return f"{{{', '.join(map(repr, self))}}}" if self else "set()"

    @notebook.shows
    def _repr_html_(self) -> Html:
        views, types = self.views, self.types
        rows = [
            (
                notebook.tag("b", name),
                ", ".join(view.removeprefix(name) for view in views.get(name, ())),
            )
            for name in sorted({*types, *views})
        ]
        return notebook.table(rows, ["dataset type", "views"])
