"""Joins of file names with registry columns and other dataset types, in any order."""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler.asking import columns as its_columns
from persistence.butler.asking.cards import Cards
from persistence.butler.asking.files import Choice
from persistence.butler.asking.question import Question
from persistence.butler.asking.scratch import Row, Scratch
from persistence.dataids import expression
from persistence.files.sqlite import quoted
from persistence.registry import Registry

# The registry of a row, if there are several in the chain.
_REGISTRY = "_registry"


def rows(
    question: Question,
    names: Sequence[str],
    order: Sequence[str] = (),
    limit: int | None = None,
    distinct: bool = False,
) -> Iterator[Row]:
    """Yield the rows of a question; by default in the order of the keys in file names.

    Parameters
    ----------
    question : `Question`
        The question.
    names : sequence of `str`
        The columns.
    order : sequence of `str`
        The columns to sort by; ``-size`` for descending order.
    limit : `int`, optional
        The largest number of rows.
    distinct : `bool`
        Whether equal rows are yielded once.
    """
    by = [name.removeprefix("-") for name in order]
    needed = list(dict.fromkeys([*names, *question.where.keys, *by]))
    if order or not question.is_of_files(needed):
        return _Join(question, needed).rows(names, order, limit, distinct)
    of_files = question.of_files(names, None if distinct else limit)
    return itertools.islice(dict.fromkeys(of_files) if distinct else of_files, limit)


class _Join:
    """The rows of a question, joined in a temporary database.

    Parameters
    ----------
    question : `Question`
        The question.
    needed : sequence of `str`
        The columns that are returned, used in conditions, or sorted by.
    """

    def __init__(self, question: Question, needed: Sequence[str]) -> None:
        self._question = question
        columns = question.columns
        self._others = {name: other for name, other in question.others.items() if name in needed}
        self._common = {name: question.common(other) for name, other in self._others.items()}
        self._needed = dict.fromkeys(
            [*needed, *itertools.chain.from_iterable(self._common.values())]
        )
        self._of_registry = {
            name: kind for name, kind in columns.registry.items() if name in self._needed
        }
        self._listed = {
            key: values for key, values in columns.listed.items() if key in self._needed
        }
        self._of_files = {**columns.in_names, **columns.of_file}
        self._cards = {name: kind for name, kind in columns.cards.items() if name in self._needed}
        self._scratch = Scratch()

    def rows(
        self, names: Sequence[str], order: Sequence[str], limit: int | None, distinct: bool
    ) -> Iterator[Row]:
        """Yield the rows; see `rows`."""
        try:
            self._load()
            condition, values = self._question.where.sql(self._question.kinds)
            # A file with several registry rows is still one dataset.
            is_spread = self._is_spread()
            apart = [key for key in self._keys() if is_spread and not distinct and key not in names]
            shown = ", ".join(map(quoted, [*names, *apart]))
            word = "DISTINCT " if distinct or is_spread else ""
            query = (
                f"SELECT {word}{shown} FROM ({self._flagged()}) "  # noqa: S608  # all quoted
                f"WHERE {condition} ORDER BY {self._order(names, order, distinct)}"
            )
            if limit is not None:
                query, values = f"{query} LIMIT ?", [*values, limit]
            for row in self._scratch.ask(query, values):
                yield row[: len(names)]
        finally:
            self._scratch.close()

    def _is_spread(self) -> bool:
        """Return whether several rows of the registry may belong to one file."""
        if not self._of_registry:
            return False
        shared = ", ".join(map(quoted, (_REGISTRY, *self._question.columns.shared)))
        query = f"SELECT 1 FROM registry GROUP BY {shared} HAVING count(*) > 1 LIMIT 1"  # noqa: S608
        return next(self._scratch.ask(query), None) is not None

    def _keys(self) -> Iterator[str]:
        """Yield the keys of the data ID that are known here."""
        columns = self._question.columns
        for key in dict.fromkeys((*columns.in_names, *columns.keys)):
            if key in self._of_files or key in self._of_registry or key in self._listed:
                yield key

    # -- loading
    # ----------------------------------------------------------------------------

    def _load(self) -> None:
        columns, load = self._question.columns, self._scratch.load
        registries = self._registries()
        if self._of_registry:
            kinds = {_REGISTRY: int, **{key: columns.keys[key] for key in columns.shared}}
            numbered = enumerate(dict.fromkeys(registries.values()))
            every = itertools.starmap(self._registered, numbered)
            known = itertools.chain.from_iterable(every)
            load("registry", {**kinds, **self._of_registry}, known, list(kinds))
        for key, values in self._listed.items():
            load(f"listed_{key}", {key: columns.keys[key]}, ((value,) for value in values))
        for number, (name, other) in enumerate(self._others.items()):
            common = self._common[name]
            kinds = {key: other.kinds[key] for key in common}
            where, _ = self._question.where.parted(common)
            restricted = other._replace(where=expression.every([other.where, where]))
            its = rows(restricted, common, distinct=True)
            load(f"other{number}", kinds, its, common)
        load("files", {**self._of_files, _REGISTRY: int, **self._cards}, self._found(registries))

    def _registries(self) -> dict[str | None, Registry]:
        """Return the registry of each tree; for files registered elsewhere, the first one."""
        question = self._question
        if question.sources:
            pairs = [
                (source.tree.root, source.repository, source.dataset) for source in question.sources
            ]
        else:
            first = question.chain.knowing(question.request)
            pairs = [("", first, first.mapper.dataset(question.request))]
        by_root: dict[str | None, Registry] = {
            root: registry
            for root, repository, dataset in pairs
            if (registry := its_columns.registry_of(repository, dataset)) is not None
        }
        by_root.update({None: next(iter(by_root.values()))} if by_root else {})
        return by_root

    def _registered(self, number: int, registry: Registry) -> Iterator[Row]:
        """Yield the registry's rows that may be needed."""
        columns = self._question.columns
        existing = registry.tables()
        tables = [table for table in columns.tables if table in existing]
        known = registry.columns(tables) if tables else {}
        if not set(columns.shared) <= known.keys():
            return
        wanted = [*columns.shared, *self._of_registry]
        selected = [name for name in wanted if name in known]
        where = {
            name: value for name, value in self._question.where.known().items() if name in known
        }
        kinds = tuple(self._question.kinds[name] for name in selected)
        lacking = [position for position, name in enumerate(wanted) if name not in known]
        for row in registry.stream(selected, where, tables):
            values = [*row]
            if tuple(map(type, row)) != kinds:
                values = [*map(its_columns.fit, row, kinds)]
            for position in lacking:
                values.insert(position, None)
            yield number, *values

    def _found(self, registries: Mapping[str | None, Registry]) -> Iterator[Row]:
        question = self._question
        where, _ = question.where.parted(question.columns.in_names)
        needed = self._needed.keys() & question.columns.of_file
        choice = Choice(
            where, self._possible(where.possible), not needed.isdisjoint(("size", "written")),
            bool(self._cards) or "path" in needed, question.fresh,
        )  # fmt: skip
        numbers = {
            id(one): position for position, one in enumerate(dict.fromkeys(registries.values()))
        }
        by_root = {root: numbers[id(registry)] for root, registry in registries.items()}
        root_at = list(self._of_files).index("repository")
        rows = ((*row, by_root.get(row[root_at], 0)) for row in question.winners(choice))
        yield from self._with_cards(rows, choice) if self._cards else rows

    def _with_cards(self, rows: Iterator[Row], choice: Choice) -> Iterator[Row]:
        """Yield rows with header cards, read only for files that satisfy all other conditions."""
        names = list(self._of_files)
        where, _ = self._question.where.parted(names)
        keys = self._question.columns.in_names

        def is_possible(row: Row) -> bool:
            known = dict(zip(names, row, strict=False))
            return where.possible(known) and choice.possible({key: known[key] for key in keys})

        with Cards(self._question.chain, self._question.columns.cards) as cards:
            places = names.index("repository"), names.index("path")
            yield from cards.added(filter(is_possible, rows), *places, self._cards)

    def _possible(
        self, of_names: Callable[[Mapping[str, Any]], bool]
    ) -> Callable[[Mapping[str, Any]], bool]:
        """Return a function that tells from the registry whether values of keys may be selected."""
        columns = self._question.columns
        where, _ = self._question.where.parted([*columns.shared, *self._of_registry])
        if not self._of_registry or where.possible(dict.fromkeys(self._of_registry)):
            return of_names  # files that are not registered may be selected, too
        condition, values = where.sql(self._question.kinds)

        @functools.cache
        def combinations(keys: tuple[str, ...]) -> frozenset[Row]:
            shown = ", ".join(map(quoted, keys))
            query = f"SELECT DISTINCT {shown} FROM registry WHERE {condition}"  # noqa: S608  # quoted
            return frozenset(self._scratch.ask(query, values))

        def possible(known: Mapping[str, Any]) -> bool:
            keys = tuple(key for key in columns.shared if key in known)
            return of_names(known) and (
                not keys or tuple(known[key] for key in keys) in combinations(keys)
            )

        return possible

    # -- SQL
    # --------------------------------------------------------------------------

    def _flagged(self) -> str:
        """Return the SQL of all columns, with the existence of the other datasets."""
        flags = []
        for number, name in enumerate(self._others):
            alike = " AND ".join(
                f"other.{quoted(key)} = base.{quoted(key)}" for key in self._common[name]
            )
            flags.append(
                f"EXISTS (SELECT 1 FROM other{number} AS other WHERE {alike}) AS {quoted(name)}"  # noqa: S608
            )
        return f"SELECT {', '.join(['base.*', *flags])} FROM ({self._base()}) AS base"  # noqa: S608

    def _base(self) -> str:
        columns = self._question.columns
        shown = [f"files.{quoted(key)} AS {quoted(key)}" for key in self._of_files]
        tables = "files"
        shown += [f"files.{quoted(card)} AS {quoted(card)}" for card in self._cards]
        if self._of_registry:
            alike = " AND ".join(
                f"registry.{quoted(key)} = files.{quoted(key)}"
                for key in (_REGISTRY, *columns.shared)
            )
            tables += f" LEFT JOIN registry ON {alike}"
            shown += [f"registry.{quoted(key)} AS {quoted(key)}" for key in self._of_registry]
        for key in self._listed:
            tables += f" CROSS JOIN {quoted(f'listed_{key}')}"
            shown.append(f"{quoted(f'listed_{key}')}.{quoted(key)} AS {quoted(key)}")
        sources = {*self._of_files, *self._of_registry, *self._listed}
        shown += [f"NULL AS {quoted(key)}" for key in columns.keys if key not in sources]
        return f"SELECT {', '.join(shown)} FROM {tables}"  # noqa: S608  # all quoted

    def _order(self, names: Sequence[str], order: Sequence[str], distinct: bool) -> str:
        columns = self._question.columns
        others = names if distinct else (*columns.in_names, *columns.keys, *names)
        keys = [key for key in others if key in self._needed or key in columns.in_names]
        terms = [
            f"{quoted(name.removeprefix('-'))}{' DESC' if name.startswith('-') else ''}"
            for name in order
        ]
        return ", ".join([*terms, *map(quoted, dict.fromkeys(keys))]) or "1"
