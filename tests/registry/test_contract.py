"""The contracts of registries, kept by each."""

from __future__ import annotations

import importlib
import sqlite3
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from persistence.registry import Registry, RegistryWriter, open_writer
from persistence.registry.filesystem import FilesystemRegistry
from persistence.registry.sqlite import SqliteRegistry
from persistence.registry.tables import TableSpec
from persistence.testing import RegistryContract, RegistryWriterContract


class TestSqliteRegistry(RegistryContract):
    def make(self, folder: Path) -> Registry:
        path = folder / "registry.sqlite3"
        with sqlite3.connect(path) as connection:
            connection.execute(
                "create table raw (id integer primary key, date text, filter text, visit int, ccdnum int)"
            )
            for row in self.ROWS:
                connection.execute(
                    "insert into raw values (null, :date, :filter, :visit, :ccdnum)", row
                )
        connection.close()
        return SqliteRegistry(str(path))


class TestFilesystemRegistry(RegistryContract):
    def make(self, folder: Path) -> Registry:
        for row in self.ROWS:
            path = (
                folder / row["date"] / row["filter"] / f"x{row['visit']}_{row['ccdnum']:02d}.fits"
            )
            path.parent.mkdir(parents=True, exist_ok=True)
            path.touch()
        (folder / "2015-01-01" / "g" / "notes.txt").touch()
        return FilesystemRegistry(str(folder))


class TestSqliteWriter(RegistryWriterContract):
    def writer(self, folder: Path, specs: Mapping[str, TableSpec]) -> RegistryWriter:
        return open_writer(str(folder), specs)

    def reader(self, folder: Path) -> Registry:
        return SqliteRegistry(str(folder / "registry.sqlite3"))


@pytest.fixture
def toy(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.syspath_prepend(Path(__file__).parents[1] / "code")
    return importlib.import_module("toyregistry")


class TestToyRegistry(RegistryContract):
    @pytest.fixture(autouse=True)
    def _toy(self, toy: Any) -> None:
        self.toy = toy

    def make(self, folder: Path) -> Registry:
        columns = {"date": "text", "filter": "text", "visit": "int", "ccdnum": "int"}
        self.toy.STORE[str(folder)] = {"raw": (columns, [dict(row) for row in self.ROWS])}
        registry: Registry = self.toy.read(str(folder))
        return registry


class TestToyWriter(RegistryWriterContract):
    @pytest.fixture(autouse=True)
    def _toy(self, toy: Any) -> None:
        self.toy = toy

    def writer(self, folder: Path, specs: Mapping[str, TableSpec]) -> RegistryWriter:
        writer: RegistryWriter = self.toy.write(str(folder), specs)
        return writer

    def reader(self, folder: Path) -> Registry:
        registry: Registry = self.toy.read(str(folder))
        return registry
