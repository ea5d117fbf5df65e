"""Contract tests: what every registry, camera and formatter has to keep.

Inherit from them in your own tests.

Each class asks its subclass for the thing to be tested, created without the code under test, so
that this code cannot confirm itself. They need pytest, and nothing of this project's own tests.
"""

from __future__ import annotations

import gc
import itertools
import os
import random
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, ClassVar

import pytest

from persistence.cameras.camera_mapper import CameraMapper
from persistence.dataids.location import Location
from persistence.dataids.template import PathTemplate
from persistence.errors import FormatterError, PolicyError, RegistryError, RowExists, TemplateError
from persistence.formatters import formatter
from persistence.registry import Registry, RegistryWriter
from persistence.registry.tables import TableSpec


class RegistryContract:
    """Tests that every registry passes. A subclass creates a registry with `ROWS`, in ``make``."""

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
        """Create a registry of `ROWS`, without the class that is tested."""
        raise AssertionError("a subclass says how")

    def ask(
        self, registry: Registry, columns: Sequence[str], **where: Any
    ) -> list[tuple[Any, ...]]:
        """Query a registry with the arguments that its kind needs."""
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

    def test_a_prepared_look_up_answers_as_any_other(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        if registry.lists_files:
            return
        ask = registry.prepared(["filter", "date"], ["ccdnum", "visit"], self.TABLES)
        assert ask([2, 8]) == [("r", "2015-01-01")]
        assert ask((1, 3018092000065)) == [("g", "2018-09-20")]
        assert ask([3, 8]) == ask([2**70, 8]) == ask([2, "g' OR '1'='1"]) == []
        registry.close()
        assert ask([2, 8]) == [("r", "2015-01-01")]

    def test_a_stream_has_what_a_look_up_has(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        if registry.lists_files:
            return
        wheres: list[dict[str, Any]] = [{}, {"ccdnum": 2}, {"visit": 2**70}, {"filter": "x"}]
        for where in wheres:
            found = list(registry.stream(["visit", "filter"], where, self.TABLES))
            assert found == registry.lookup(["visit", "filter"], where, self.TABLES)
        with pytest.raises(RegistryError):
            list(registry.stream(["nothing"], {}, self.TABLES))

    def test_a_range_is_compared_as_text_or_refused(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        between = (("2015-12-31", "2015-01-01"), "date", "date")
        if registry.lists_files:
            with pytest.raises(RegistryError):
                registry.lookup(["visit"], {}, self.TABLES, between, self.TEMPLATE)
            return
        assert sorted(registry.lookup(["visit"], {}, self.TABLES, between)) == [(7,), (8,)]
        on_a_day = ("2018-09-20", "date", "date")
        assert registry.lookup(["visit"], {"ccdnum": 1}, self.TABLES, on_a_day) == [
            (3018092000065,)
        ]

    def test_what_a_registry_with_tables_does_not_have_is_an_error(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        if registry.lists_files:
            return
        for ask in (
            lambda: registry.lookup(["vist"], {}, self.TABLES),
            lambda: registry.lookup(["visit"], {"vist": 7}, self.TABLES),
            lambda: registry.lookup(["visit"], {}, ["rwa"]),
            lambda: registry.columns(["rwa"]),
            lambda: registry.count("rwa"),
        ):
            with pytest.raises(RegistryError):
                ask()

    def test_rows_are_counted_in_groups(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        if registry.lists_files:
            return
        assert sorted(registry.grouped("raw", ["visit"], ["filter", "ccdnum"])) == [
            (7, "g", 1, 2),
            (8, "r", 1, 2),
            (3018092000065, "g", 1, 2),
        ]
        assert sorted(registry.grouped("raw", ["filter", "date"], counted="visit")) == [
            ("g", "2015-01-01", 1),
            ("g", "2018-09-20", 1),
            ("r", "2015-01-01", 1),
        ]
        assert registry.grouped("raw", ["filter"], patterns={"date": "2018-*"}) == [("g", 2)]
        assert registry.grouped("raw", ["filter"], patterns={"planet": "*"}) == []
        for numbers, visits in (
            ([range(7, 8)], {7}),
            ([range(8, 9), range(3018092000065, 3018092000066)], {8, 3018092000065}),
            ([range(1, 100, 2)], {7}),
            ([range(9, 20)], set()),
        ):
            rows = registry.grouped("raw", ["visit"], ranges={"visit": numbers})
            assert {visit for visit, _ in rows} == visits

    def test_asking_changes_nothing(self, tmp_path: Path) -> None:
        registry = self.make(tmp_path)
        before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
        registry.lookup(["visit"], {}, self.TABLES, template=self.TEMPLATE)
        registry.close()
        assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


class RegistryWriterContract:
    """Tests that every registry passes that can be written.

    A subclass opens a registry in a folder twice, in `writer` and `reader`. It is the same one each
    time, and empty at first.
    """

    SPEC: ClassVar[TableSpec] = TableSpec(
        "raw",
        {"visit": "int", "ccdnum": "int", "filter": "text", "first": "text", "last": "text"},
        ("visit", "ccdnum"),
        ("visit", "filter"),
    )
    FLAT: ClassVar[TableSpec] = TableSpec(
        "flat", {"ccdnum": "int", "expTime": "double"}, ("ccdnum",), ("expTime",)
    )

    def writer(self, folder: Path, specs: Mapping[str, TableSpec]) -> RegistryWriter:
        """Open the registry of a folder, to be written."""
        raise AssertionError("a subclass says how")

    def reader(self, folder: Path) -> Registry:
        """Open the registry of a folder, to be asked."""
        raise AssertionError("a subclass says how")

    def rows(self, visit: int, *ccds: int, filter: str | None = "g") -> list[dict[str, Any]]:
        """Return rows of a visit that are valid in 2015."""
        window = {"first": "2015-01-01", "last": "2015-12-31"}
        return [{"visit": visit, "ccdnum": ccd, "filter": filter, **window} for ccd in ccds]

    def seen(self, folder: Path, *columns: str, table: str = "raw") -> list[Any]:
        """Return what a reader sees."""
        registry = self.reader(folder)
        rows = registry.lookup(columns or ["visit", "ccdnum", "filter"], {}, [table])
        registry.close()
        return sorted(rows, key=repr)

    @pytest.fixture
    def written(self, tmp_path: Path) -> Iterator[RegistryWriter]:
        """Return a writer of two tables."""
        writer = self.writer(tmp_path, {"raw": self.SPEC, "flat": self.FLAT})
        yield writer
        writer.close()

    def test_nothing_is_made_before_there_is_something_to_write(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        before = sorted(tmp_path.rglob("*"))
        assert written.find("raw", [7, 1]) is None
        assert written.count("raw") == 0
        assert written.rows("raw") == []
        assert sorted(tmp_path.rglob("*")) == before

    def test_what_is_added_is_found_counted_and_read(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(3018092000065, 1, 2))
            written.add("raw", self.rows(8, 1, filter=None))
            written.add("flat", [{"ccdnum": 1, "expTime": 2.5}])
        (row,) = self.rows(3018092000065, 2)
        assert written.find("raw", [3018092000065, 2]) == row
        assert written.find("raw", [3018092000065, 3]) is None
        assert written.count("raw") == 3
        assert self.seen(tmp_path) == [
            (3018092000065, 1, "g"),
            (3018092000065, 2, "g"),
            (8, 1, None),
        ]
        assert self.seen(tmp_path, "visit", "filter", table="raw_visit") == [
            (3018092000065, "g"),
            (8, None),
        ]
        assert self.seen(tmp_path, "ccdnum", "expTime", table="flat") == [(1, 2.5)]

    def test_the_first_detector_of_a_visit_says_what_its_row_is(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1) + self.rows(7, 2, filter="r"))
        with written.transaction():
            written.add("raw", self.rows(7, 3, filter="i"))
        assert self.seen(tmp_path, "visit", "filter", table="raw_visit") == [(7, "g")]

    def test_of_rows_of_which_one_is_there_none_is_added(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1))
        with pytest.raises(RowExists), written.transaction():
            written.add("raw", self.rows(8, 1) + self.rows(7, 1, filter="r"))
        assert self.seen(tmp_path) == [(7, 1, "g")]
        assert self.seen(tmp_path, "visit", table="raw_visit") == [(7,)]

    @pytest.mark.parametrize(("how", "kept"), [("replace", "r"), ("ignore", "g")])
    def test_rows_that_are_there_give_way_or_stay(
        self, written: RegistryWriter, tmp_path: Path, how: str, kept: str
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1))
        with written.transaction():
            written.add("raw", self.rows(7, 1, 2, filter="r"), **{how: True})
        assert self.seen(tmp_path) == [(7, 1, kept), (7, 2, "r")]
        assert self.seen(tmp_path, "visit", "filter", table="raw_visit") == [(7, kept)]

    @pytest.mark.parametrize("error", [KeyError, KeyboardInterrupt])
    def test_a_transaction_that_does_not_come_to_its_end_changes_nothing(
        self, written: RegistryWriter, tmp_path: Path, error: type[BaseException]
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1))

        def interrupted() -> None:
            with written.transaction(anew={"raw"}):
                written.add("raw", self.rows(8, 1))
                written.add("flat", [{"ccdnum": 1, "expTime": 2.5}])
                raise error

        with pytest.raises(error):
            interrupted()
        assert self.seen(tmp_path) == [(7, 1, "g")]
        assert written.count("flat") == 0

    def test_a_table_made_anew_has_other_rows_and_the_rest_stays(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1, 2))
            written.add("flat", [{"ccdnum": 1, "expTime": 2.5}])
        with written.transaction(anew={"raw"}):
            written.add("raw", self.rows(8, 1))
        assert self.seen(tmp_path) == [(8, 1, "g")]
        assert self.seen(tmp_path, "visit", table="raw_visit") == [(8,)]
        assert written.count("flat") == 1

    def test_rows_are_changed_by_their_numbers(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1, 2))
            numbers = {row["ccdnum"]: number for number, row in written.rows("raw")}
            written.update("raw", [(numbers[2], {"first": "2016-01-01", "last": "2016-12-31"})])
        assert self.seen(tmp_path, "ccdnum", "first", "last") == [
            (1, "2015-01-01", "2015-12-31"),
            (2, "2016-01-01", "2016-12-31"),
        ]

    def test_rows_are_added_in_a_transaction_only(self, written: RegistryWriter) -> None:
        with pytest.raises(RegistryError):
            written.add("raw", self.rows(7, 1))
        with pytest.raises(RegistryError):
            written.update("raw", [(1, {"filter": "r"})])
        assert written.count("raw") == 0

    def test_a_reader_that_is_open_sees_what_comes(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        with written.transaction():
            written.add("raw", self.rows(7, 1))
        registry = self.reader(tmp_path)
        ask = registry.prepared(["filter"], ["visit"], ["raw"])
        assert (ask([7]), ask([8]), registry.count("raw")) == ([("g",)], [], 1)
        with written.transaction():
            written.add("raw", self.rows(8, 1, filter="r"))
        assert (ask([7]), ask([8]), registry.count("raw")) == ([("g",)], [("r",)], 2)
        registry.close()

    def test_a_window_that_cannot_be_compared_excludes_no_row(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        windows = [
            ("2015-01-01", "2015-12-31"),
            ("2016-01-01", "2016-12-31"),
            (None, "2015-12-31"),
            ("20150101", None),
            ("None", "2015-12-31"),
        ]
        rows = [
            {**row, "first": first, "last": last}
            for number, (first, last) in enumerate(windows)
            for row in self.rows(7, number)
        ]
        with written.transaction():
            written.add("raw", rows)
        registry = self.reader(tmp_path)
        between = (("2015-06-01~", "2015-06-01"), "first", "last")
        valid = registry.lookup(["ccdnum"], {"visit": 7}, ["raw"], between)
        assert sorted(valid) == [(0,), (2,), (3,), (4,)]
        registry.close()

    def test_what_was_closed_can_be_used_again(
        self, written: RegistryWriter, tmp_path: Path
    ) -> None:
        for visit in (7, 8):
            with written.transaction():
                written.add("raw", self.rows(visit, 1))
            written.close()
        assert [visit for visit, *_ in self.seen(tmp_path)] == [7, 8]


class CameraContract:
    """Tests that every camera passes.

    A subclass names its mapper, and some data IDs with values of each key.
    """

    mapper_class: ClassVar[type[CameraMapper]]
    values: ClassVar[Mapping[str, Any]]

    def mapper(self) -> CameraMapper:
        """Create the mapper as a repository does."""
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


class DatasetFolder:
    """A folder of datasets of one storage, whose files can be read and written as bytes too.

    Parameters
    ----------
    folder : `pathlib.Path`
        Where the files lie.
    storage : `str`
        The storage's name, as policies have it.
    python : `str`, optional
        The policy's dotted name of the objects.
    ending : `str`
        How file names end.
    """

    def __init__(
        self, folder: Path, storage: str, python: str | None = None, ending: str = ""
    ) -> None:
        self.folder, self.storage, self.python, self.ending = folder, storage, python, ending
        self._numbers = itertools.count()

    def place(
        self,
        name: str | None = None,
        hdu: int | None = None,
        dataId: Any = None,
        python: Any = ...,
        **options: Any,
    ) -> Location:
        """Return the location of a file that need not exist."""
        name = name or f"file{next(self._numbers)}{self.ending}"
        python = self.python if python is ... else python
        return Location(
            str(self.folder), name, hdu, self.storage, python, "thing", dataId or {}, options
        )

    def put(self, content: bytes, **where: Any) -> Location:
        """Write bytes without the formatter, and return where."""
        location = self.place(**where)
        Path(location.full_path).write_bytes(content)
        return location

    def read(self, location: Location) -> Any:
        """Read an object with the formatter."""
        return formatter(location.storage, location.python).read(location)

    def write(self, obj: Any, **where: Any) -> Location:
        """Write an object as a repository does, to a path beside, and return where it then is."""
        location = self.place(**where)
        beside = Path(f"{location.root}/.part-{location.path}")
        formatter(location.storage, location.python).write(obj, str(beside), location)
        beside.rename(location.full_path)
        return location

    def bytes_of(self, obj: Any, **where: Any) -> bytes:
        """Return the content of the file that the formatter writes."""
        return Path(self.write(obj, **where).full_path).read_bytes()

    def there_and_back(self, obj: Any, **where: Any) -> Any:
        """Write an object, and return what is read."""
        return self.read(self.write(obj, **where))


class FormatterContract:
    """Tests that every formatter passes: round trips, and errors that name the file or type.

    A subclass names its storage and what that holds, and reads and writes files without the
    formatter, in `foreign` and `seen`. A storage of your own is one that your package announces
    (entry points ``persistence.formatters``) or that you registered.

    Attributes
    ----------
    storage : `str`
        The storage's name, as policies have it.
    python : `str` or None
        The policy's dotted name of the objects, where it matters.
    ending : `str`
        How file names end.
    objects : sequence of functions
        Each returns an object that the storage holds, a new one at each call.
    wrong : sequence
        Objects that it does not hold.
    damaged : sequence of `bytes`
        Contents that are not of its format.
    cuts : sequence of `float`
        Shares of a good file that are not of its format either.
    leaks : `bool`
        Whether the library leaves damaged files open: then they are closed at the end of a test,
        so that the warning is not another test's.
    """

    storage: ClassVar[str]
    python: ClassVar[str | None] = None
    ending: ClassVar[str] = ""
    objects: ClassVar[Sequence[Callable[[], Any]]]
    wrong: ClassVar[Sequence[Any]]
    damaged: ClassVar[Sequence[bytes]] = (b"", b"\xff\xfe nothing \x00 of this format", bytes(3000))
    cuts: ClassVar[Sequence[float]] = (0.1, 0.5, 0.95)
    leaks: ClassVar[bool] = False

    def foreign(self) -> tuple[bytes, Any]:
        """Return a file made without the formatter, and the object that it holds."""
        raise AssertionError("a subclass says how")

    def seen(self, content: bytes) -> Any:
        """Read a file without the formatter."""
        raise AssertionError("a subclass says how")

    def same(self, one: Any, other: Any) -> bool:
        """Check whether two objects are equal."""
        return bool(one == other) and type(one) is type(other)

    @classmethod
    def pytest_generate_tests(cls, metafunc: pytest.Metafunc) -> None:
        """Run a test once for each object, or damage, of the subclass."""
        for argument, values in (
            ("make", cls.objects),
            ("wrong", cls.wrong),
            ("damage", [*cls.damaged, *cls.cuts]),
        ):
            if argument in metafunc.fixturenames:
                metafunc.parametrize(argument, values)

    @pytest.fixture
    def disk(self, tmp_path: Path) -> DatasetFolder:
        """Return a folder for datasets of the storage."""
        return DatasetFolder(tmp_path, self.storage, self.python, self.ending)

    def test_what_is_written_is_read_back(
        self, disk: DatasetFolder, make: Callable[[], Any]
    ) -> None:
        content = disk.bytes_of(make())
        assert self.same(disk.read(disk.put(content)), make())

    def test_writing_does_not_change_the_object(
        self, disk: DatasetFolder, make: Callable[[], Any]
    ) -> None:
        obj = make()
        disk.write(obj)
        assert self.same(obj, make())

    def test_a_file_of_another_hand_is_read(self, disk: DatasetFolder) -> None:
        content, obj = self.foreign()
        assert self.same(disk.read(disk.put(content)), obj)

    def test_what_is_written_is_read_by_another_hand(self, disk: DatasetFolder) -> None:
        _, obj = self.foreign()
        assert self.same(self.seen(disk.bytes_of(obj)), obj)

    def test_reading_leaves_the_file_as_it_is(self, disk: DatasetFolder) -> None:
        content, _ = self.foreign()
        location = disk.put(content)
        disk.read(location)
        disk.read(location)
        assert Path(location.full_path).read_bytes() == content
        assert len(list(disk.folder.iterdir())) == 1

    def test_the_umask_decides_who_may_read_what_is_written(self, disk: DatasetFolder) -> None:
        before = os.umask(0o027)
        try:
            disk.write(self.objects[0]())
        finally:
            os.umask(before)
        assert [path.stat().st_mode & 0o777 for path in disk.folder.iterdir()] == [0o640]

    def test_an_object_of_another_kind_is_refused_with_the_dataset_type(
        self, disk: DatasetFolder, wrong: Any
    ) -> None:
        with pytest.raises(FormatterError, match="thing"):
            disk.write(wrong)

    @pytest.mark.filterwarnings("ignore")  # as in a user's process, where they are no errors
    def test_a_damaged_file_is_refused_by_name(
        self, disk: DatasetFolder, damage: bytes | float
    ) -> None:
        content, _ = self.foreign()
        location = disk.put(
            damage if isinstance(damage, bytes) else content[: int(len(content) * damage)]
        )
        with pytest.raises(FormatterError) as caught:
            disk.read(location)
        assert location.full_path in str(caught.value)
        del caught
        self._close()

    def test_a_missing_file_is_the_usual_error(self, disk: DatasetFolder) -> None:
        with pytest.raises(FileNotFoundError) as caught:
            disk.read(disk.place())
        assert not isinstance(caught.value, FormatterError)

    @pytest.mark.filterwarnings("ignore")  # as above
    def test_a_file_with_changed_bytes_is_read_or_refused_by_name(
        self, disk: DatasetFolder
    ) -> None:
        content, _ = self.foreign()
        # Damage has endless forms; new ones in each run would stop those who changed nothing.
        chance = random.Random(self.storage)  # noqa: S311  # no secret
        for _ in range(40):
            start = chance.randrange(len(content))
            noise, lost = chance.randbytes(chance.randint(0, 8)), chance.randint(0, 8)
            damaged = content[:start] + noise + content[start + lost :]
            location = disk.put(damaged, name=f"rough{self.ending}")
            message = location.full_path
            try:
                disk.read(location)
            except FormatterError as error:
                message = str(error)
            assert location.full_path in message
        self._close()

    def _close(self) -> None:
        if self.leaks:
            gc.collect()
