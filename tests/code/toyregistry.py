"""A kind of registry: ``registry.toy`` stands for tables that this process keeps in lists."""

from __future__ import annotations

import copy
from contextlib import contextmanager
from typing import Any

from persistence.errors import RegistryError, RowExists
from persistence.registry import Registry, RegistryWriter

# Path -> table -> the types of its columns, and its rows.
STORE: dict[str, dict[str, tuple[dict[str, str], list[dict[str, Any]]]]] = {}


class Toy(Registry):
    lists_files = False

    def __init__(self, path: str) -> None:
        self.path = path

    def lookup(self, columns, where, tables=(), between=None, template=None, limit=None) -> Any:  # type: ignore[no-untyped-def]
        if not {*columns, *where} <= self.columns(tables).keys():
            raise RegistryError(f"{self.path} has no {columns}, {where}")
        (value, *names), rows = between or (("", ""),), [{}]
        after, before = value if isinstance(value, tuple) else (value, value)
        for table in tables:
            more = STORE[self.path][table][1]
            rows = [a | b for a in rows for b in more if all(a[k] == b[k] for k in a.keys() & b)]
        rows = [row for row in rows if row.items() >= where.items()]
        for name, is_inside in zip(names, (after.__ge__, before.__le__), strict=False):
            rows = [row for row in rows if "-" not in (row[name] or "") or is_inside(row[name])]
        return list(dict.fromkeys(tuple(row[name] for name in columns) for row in rows))[:limit]

    def columns(self, tables: Any, template: Any = None) -> Any:
        if not set(tables) <= set(self.tables()):
            raise RegistryError(f"{self.path} has no {tables}, but {self.tables()}")
        return {name: kind for table in tables for name, kind in STORE[self.path][table][0].items()}

    def tables(self) -> Any:
        return list(STORE.get(self.path, {}))

    def count(self, table: str) -> int:
        return len(self.columns([table]) and STORE[self.path][table][1])


class ToyWriter(RegistryWriter):
    def __init__(self, path: str, specs: Any, *how: Any) -> None:
        self.path, self.specs, self._changing = path, specs, False

    def find(self, table: str, key: Any) -> Any:
        wanted = dict(zip(self.specs[table].unique, key, strict=True)).items()
        return next((row for _, row in self.rows(table) if row.items() >= wanted), None)

    def rows(self, table: str) -> Any:
        return list(enumerate(STORE.get(self.path, {}).get(table, ({}, []))[1]))

    def count(self, table: str) -> int:
        return len(self.rows(table))

    @contextmanager
    def transaction(self, anew: Any = ()) -> Any:
        before, tables = copy.deepcopy(STORE.get(self.path, {})), STORE.setdefault(self.path, {})
        self._changing = True
        try:
            for name, spec in self.specs.items():
                for table, columns in ((name, spec.columns), (spec.visit_name, spec.visit)):
                    if name in anew or table not in tables:
                        tables[table] = {key: spec.columns[key] for key in columns}, []
            yield
        except BaseException:
            STORE[self.path] = before
            raise
        finally:
            self._changing = False

    def add(self, table: str, rows: Any, replace: bool = False, ignore: bool = False) -> None:
        spec = self.specs[table]
        self._insert(table, spec.unique, rows, replace, ignore)
        visits = [{key: row[key] for key in spec.visit} for row in rows[:: -1 if replace else 1]]
        self._insert(spec.visit_name, {*spec.visit} & {*spec.unique}, visits, replace, not replace)

    def _insert(self, table: str, unique: Any, rows: Any, replace: bool, ignore: bool) -> None:
        there = {tuple(row[name] for name in unique): row for row in self._changed(table)}
        for row in rows:
            key = tuple(row[name] for name in unique)
            if key in there and not (replace or ignore):
                raise RowExists(f"{self.path} has {key}")
            if key not in there:
                there[key] = {}
                self._changed(table).append(there[key])
            there[key].update({} if there[key] and ignore else row)

    def update(self, table: str, changes: Any) -> None:
        for number, values in changes:
            self._changed(table)[number].update(values)

    def _changed(self, table: str) -> Any:
        if not self._changing:
            raise RegistryError(f"{self.path}: no transaction has begun")
        return STORE[self.path][table][1]


read, write = Toy, ToyWriter
