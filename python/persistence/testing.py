"""Contract tests: what every registry and every camera has to keep.

Inherit from them in your own tests.

Each class asks its subclass for the thing to be tested, made in a way of its own (a back door), so
that the thing cannot vouch for itself. They need pytest, and nothing of this project's own tests.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

from persistence.cameras.camera_mapper import CameraMapper
from persistence.dataids.template import PathTemplate
from persistence.errors import PolicyError, TemplateError
from persistence.registry import Registry


class RegistryContract:
    """What every registry keeps. A subclass makes a registry that holds `ROWS`, in ``make``."""

    TEMPLATE: ClassVar[PathTemplate] = PathTemplate(
        "%(date)s/%(filter)s/x%(visit)d_%(ccdnum)02d.fits"
    )
    TABLES: ClassVar[tuple[str, ...]] = ("raw",)
    ROWS: ClassVar[Sequence[Mapping[str, Any]]] = [
        {"date": date, "filter": name, "visit": visit, "ccdnum": ccdnum}
        for visit, name, date in (
            (7, "g", "2015-01-01"),
            (8, "r", "2015-01-01"),
            (3018092000065, "g", "2018-09-20"),
        )
        for ccdnum in (1, 2)
    ]

    def make(self, folder: Path) -> Registry:
        """Make a registry of `ROWS`, without the help of the class that is tested."""
        raise AssertionError("a subclass says how")

    def ask(
        self, registry: Registry, columns: Sequence[str], **where: Any
    ) -> list[tuple[Any, ...]]:
        """Ask a registry with what each kind needs."""
        return registry.lookup(columns, where, self.TABLES, template=self.TEMPLATE)

    def test_it_gives_the_columns_in_the_order_asked(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        assert self.ask(registry, ["filter", "visit"], visit=7) == [("g", 7)]
        assert self.ask(registry, ["visit", "filter"], visit=7) == [(7, "g")]

    def test_it_gives_each_answer_once(self, tmp_path: Path) -> None:
        assert sorted(self.ask(self.make(tmp_path), ["filter"])) == [("g",), ("r",)]

    def test_all_conditions_have_to_hold(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        assert self.ask(registry, ["visit"], filter="g", ccdnum=2, date="2015-01-01") == [(7,)]
        assert self.ask(registry, ["visit"], filter="g", visit=8) == []

    def test_numbers_beyond_32_bits_are_kept(self, tmp_path: Path) -> None:
        assert self.ask(self.make(tmp_path), ["date"], visit=3018092000065) == [("2018-09-20",)]

    def test_a_number_that_no_row_can_have_is_in_none(self, tmp_path: Path) -> None:
        assert self.ask(self.make(tmp_path), ["date"], visit=2**70) == []

    def test_a_quote_in_a_value_is_a_quote(self, tmp_path: Path) -> None:
        assert self.ask(self.make(tmp_path), ["visit"], filter="g' OR '1'='1") == []

    def test_the_columns_can_be_listed(self, tmp_path: Path) -> None:
        assert set(self.make(tmp_path).columns(self.TABLES, self.TEMPLATE)) >= {
            "date",
            "filter",
            "visit",
            "ccdnum",
        }

    def test_the_rows_of_each_table_can_be_counted(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        assert [registry.count(table) for table in registry.tables()] == [
            len(self.ROWS) for _ in registry.tables()
        ]

    def test_a_limit_ends_the_search(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        assert (
            len(registry.lookup(["visit"], {}, self.TABLES, template=self.TEMPLATE, limit=2)) == 2
        )

    def test_asking_changes_nothing(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        registry.lookup(["visit"], {}, self.TABLES, template=self.TEMPLATE)
        registry.close()
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


class CameraContract:
    """What every camera keeps.

    A subclass names its mapper, and some data IDs with values of each key.
    """

    mapper_class: ClassVar[type[CameraMapper]]
    values: ClassVar[Mapping[str, Any]]

    def mapper(self) -> CameraMapper:
        """Make the mapper as a repository would."""
        return self.mapper_class()

    def test_each_template_goes_there_and_back(self) -> None:
        for dataset in self.mapper().types.values():
            if dataset.template is None:
                continue
            data_id = {key: self.values[key] for key in dataset.template.keys}
            path = dataset.template.format(data_id)
            try:
                assert dataset.template.parse(path) == data_id, dataset.name
            except TemplateError:
                assert data_id in list(dataset.template.candidates(path)), dataset.name

    def test_each_key_of_a_type_has_a_type_that_the_camera_knows(self) -> None:
        mapper = self.mapper()
        for name, dataset in mapper.types.items():
            for key, kind in dataset.keys.items():
                assert mapper.getKeys().get(key, kind) is kind, name

    def test_each_name_that_is_listed_can_be_asked_for(self) -> None:
        mapper = self.mapper()
        for name in mapper.getDatasetTypes():
            assert mapper.request(name)

    def test_loading_the_policy_warns_of_nothing(self) -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                self.mapper()
            except PolicyError as error:
                raise AssertionError(str(error)) from error
