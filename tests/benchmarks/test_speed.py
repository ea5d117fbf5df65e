"""The speed table of the design."""

from __future__ import annotations

import contextlib
import os
import pickle
import sqlite3
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from astropy.io import fits

from obs_decam import DecamMapper
from persistence import Butler, CameraMapper
from persistence.calibs import validity
from persistence.cli import ingest_images
from persistence.files import durable, fits_headers, journal
from persistence.ingest import direct
from persistence.ingest.config import load
from persistence.registry.direct import DirectFiles
from persistence.registry.direct_writer import DirectWriter
from persistence.registry.sqlite_writer import SqliteWriter, statements
from persistence.registry.tables import TableSpec

ID = {"visit": 100005, "ccdnum": 7}
POLICY = """
exposures:
  image:
    {template: 'i/%(visit)07d_%(ccdnum)02d.fits', python: lsst.afw.image.ImageF, recipe: noCompression}
datasets:
  pickled: {template: 'p/%(visit)07d_%(ccdnum)02d.pickle', storage: PickleStorage, tables: raw}
  yamled: {template: 'y/%(visit)07d_%(ccdnum)02d.yaml', storage: YamlStorage, tables: raw}
  looked: {template: 'l/%(filter)s/%(visit)07d_%(ccdnum)02d.pickle', storage: PickleStorage, tables: raw}
"""


# Settings of ingest for files of one HDU.
ONE_HDU = ["-c", "parse.extnames=[]", "parse.translation={'visit':'EXPNUM','ccdnum':'CCDNUM','ccd':'CCDNUM',"
           "'taiObs':'DATE-OBS','expTime':'EXPTIME','proposal':'PROPID','object':'OBJECT'}",
           "parse.defaults={}", "register.columns=" + repr(
               {k: v for k, v in load(DecamMapper.ingestFile).register.columns.items() if k != "hdu"})]  # fmt: skip


def fresh(code: str, *words: str) -> list[float]:
    """Run code in fresh processes; gives the seconds that it prints, the least of some runs for each.

    Their byte code is kept between the runs, as pip keeps that of an installed package.
    """
    runs = []
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        for _ in range(7):
            command = [sys.executable, "-c", code, *words]
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=True
            )
            runs.append([float(word) for word in done.stdout.split()])
    return [min(column) for column in zip(*runs, strict=True)]


def test_importing_the_package(bench: Any) -> None:
    code = "import time; b = time.perf_counter(); from persistence import Butler; print(time.perf_counter() - b)"
    (took,) = fresh(code)
    (bare,) = fresh(
        "import time; b = time.perf_counter(); import json; print(time.perf_counter() - b)"
    )
    bench.tell(
        "from persistence import Butler", 1e3 * took, "ms", f"import json {1e3 * bare:.1f} ms", 60
    )


@pytest.mark.parametrize(
    "line",
    [
        "tree {}",
        "types {}",
        "query {} raw visit --id filter=g ccdnum=7",
        "uri {} raw --id visit=100005 ccdnum=7 --write",
    ],
)
def test_the_command(bench: Any, repositories: dict[int, Path], line: str) -> None:
    words = line.format(repositories[10**3]).split()
    command = [os.path.join(os.path.dirname(sys.executable), "persistence"), *words]
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "", "PYTHONPYCACHEPREFIX": folder}
        taken = {}
        for name, whole in (("ours", command), ("bare", [sys.executable, "-c", "pass"])):
            subprocess.run(whole, env=environment, capture_output=True, check=True)
            times = []
            for _ in range(7):
                begin = time.perf_counter()
                subprocess.run(whole, env=environment, capture_output=True, check=True)
                times.append(time.perf_counter() - begin)
            taken[name] = 1e3 * min(times)
    bench.tell(
        f"persistence {words[0]}", taken["ours"], "ms", f"bare Python {taken['bare']:.0f} ms", 250
    )


@pytest.mark.parametrize("rows", [10**3, 10**6])
def test_opening_a_repository(bench: Any, repositories: dict[int, Path], rows: int) -> None:
    code = (
        "import sys, time; from persistence import Butler; import obs_decam\n"
        "for _ in range(2):\n"
        "    b = time.perf_counter(); Butler(sys.argv[1]); print(time.perf_counter() - b)\n"
    )
    first, second = fresh(code, str(repositories[rows]))
    bench.tell(f"Butler(root), {rows:,} rows, the first in a process", 1e3 * first, "ms", "", 25)
    bench.tell(f"Butler(root), {rows:,} rows, another one", 1e3 * second, "ms", "", 3)


@pytest.fixture
def memory(tmp_path: Path) -> Iterator[Path]:
    """Yield a directory in memory, where there is one: a disk's moods would hide what is measured."""
    if not os.access("/dev/shm", os.W_OK):
        yield tmp_path
        return
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
def small(repositories: dict[int, Path], memory: Path) -> Butler:
    """Return a repository of small files over a registry of 10^6 rows, with a camera of four types."""
    (memory / "camera.yaml").write_text(POLICY)
    (memory / "registry.sqlite3").symlink_to(repositories[10**6] / "registry.sqlite3")
    butler = Butler(memory, CameraMapper(str(memory / "camera.yaml")))
    for name in ("pickled", "yamled", "looked"):
        butler.put({"a": 1, "b": [1.5, 2.5]}, name, ID)
    butler.put(np.zeros((40, 40), np.float32), "image", ID)
    return butler


@pytest.fixture
def opened() -> Iterator[Callable[[Path], sqlite3.Connection]]:
    """Return a function that connects to a database until the test ends."""
    with contextlib.ExitStack() as stack:
        yield lambda path: stack.enter_context(contextlib.closing(sqlite3.connect(path)))


def test_whether_a_dataset_exists(
    bench: Any, repositories: dict[int, Path], small: Butler, opened: Any
) -> None:
    root = small.chain.inputs[0].root
    registry = opened(repositories[10**6] / "registry.sqlite3")
    query = "SELECT DISTINCT filter FROM raw WHERE visit = ? AND ccdnum = ?"

    def looked_up() -> bool:
        ((name,),) = registry.execute(query, tuple(ID.values())).fetchall()
        return os.path.exists(f"{root}/l/{name}/%(visit)07d_%(ccdnum)02d.pickle" % ID)

    bench.at_best(
        "datasetExists, complete data ID",
        lambda: small.datasetExists("pickled", ID),
        lambda: os.path.exists(f"{root}/p/%(visit)07d_%(ccdnum)02d.pickle" % ID),
        times=3 / 2.1,
    )
    bench.at_best(
        "datasetExists, one key looked up",
        lambda: small.datasetExists("looked", ID),
        looked_up,
        times=15 / 10.7,
    )
    registry.close()


def test_reading_through_a_chain_of_five(
    bench: Any, repositories: dict[int, Path], memory: Path
) -> None:
    (memory / "camera.yaml").write_text(POLICY)
    (memory / "r0").mkdir()
    (memory / "r0" / "_mapper").write_text("../camera.yaml")
    (memory / "r0" / "registry.sqlite3").symlink_to(repositories[10**6] / "registry.sqlite3")
    Butler(memory / "r0").put({"a": 1}, "pickled", ID)
    for number in range(1, 5):
        Butler(
            inputs=f"{memory}/r{number - 1}", outputs={"root": f"{memory}/r{number}", "mode": "rw"}
        )
    Butler(memory / "r0").put(np.zeros((40, 40), np.float32), "image", ID)
    one, five = Butler(memory / "r0"), Butler(memory / "r4")
    for name, path, endings in (
        ("pickled", "p/0100005_07.pickle", [""]),
        ("image", "i/0100005_07.fits", ["", ".gz", ".fz"]),
    ):
        names = [f"{memory}/r4/{path}{ending}" for ending in endings]
        ours, alone = bench.least(
            lambda name=name: five.datasetExists(name, ID),
            lambda name=name: one.datasetExists(name, ID),
        )
        bare, _ = bench.least(
            lambda names=names: [os.access(one, os.F_OK) for one in names], lambda: None
        )
        bench.tell(
            f"a further repository of the chain, {len(names)} names",
            1e6 * (ours - alone) / 4,
            "us",
            f"access {1e6 * bare:.2f} us",
            1.3e6 * bare,
        )


def test_choosing_a_calibration(
    bench: Any, repositories: dict[int, Path], memory: Path, opened: Any
) -> None:
    path = memory / "calibRegistry.sqlite3"
    registry = opened(path)
    registry.execute(
        "CREATE TABLE bias (filter text, ccdnum int, calibDate text, validStart text, validEnd text)"
    )
    # A master every twelve days for forty years, of each chip.
    begin = date(1995, 1, 1)
    dates = [validity.Moment(begin + timedelta(days=12 * number)) for number in range(500)]
    windows = validity.nearest(dates)
    rows = [
        ("NONE", chip, f"{day}", f"{windows[day].start}", f"{windows[day].end}")
        for day in dates
        for chip in range(1, 63)
    ]
    registry.executemany("INSERT INTO bias VALUES (?, ?, ?, ?, ?)", rows)
    registry.execute(
        "CREATE INDEX bias_series ON bias (ccdnum, validEnd, validStart, calibDate, filter)"
    )
    registry.commit()
    (night,) = (
        opened(repositories[10**6] / "registry.sqlite3")
        .execute("SELECT date FROM raw_visit WHERE visit = ?", (ID["visit"],))
        .fetchone()
    )
    butler = Butler(repositories[10**6], calibRoot=str(memory))
    what = "SELECT DISTINCT calibDate, validStart, validEnd FROM bias"
    query = f"{what} WHERE ccdnum = ? AND validStart <= ? AND validEnd >= ?"
    assert len(registry.execute(query, (7, f"{night}~", night)).fetchall()) == 1
    bench.over(
        f"a calibration of {len(rows):,}, by visit",
        lambda: butler.getUri("bias", ID, write=True),
        lambda: registry.execute(query, (7, f"{night}~", night)).fetchall(),
        60,
    )
    begin = time.perf_counter()
    for _ in range(10**4):
        butler.getUri("bias", ID, write=True)
    bench.tell("10^5 of these in a loop", 10 * (time.perf_counter() - begin), "s", "", 12)


def test_getting(bench: Any, small: Butler) -> None:
    def bare_pickle() -> Any:
        with open(small_paths["pickled"], "rb") as stream:
            return pickle.load(stream)

    def bare_yaml() -> Any:
        with open(small_paths["yamled"]) as stream:
            return yaml.load(stream, Loader=yaml.CSafeLoader)

    def bare_fits() -> Any:
        with fits.open(small_paths["image"], memmap=False) as hdus:
            return hdus[0].data.astype("f4"), hdus[0].header

    small_paths = {name: small.getUri(name, ID) for name in ("pickled", "yamled", "image")}
    bench.at_best("get, pickle", lambda: small.get("pickled", ID), bare_pickle, over=5)
    bench.at_best("get, YAML", lambda: small.get("yamled", ID), bare_yaml, over=5)
    bench.over("get, FITS", lambda: small.get("image", ID), bare_fits, 40)


def bare_put(target: str, durable: bool) -> None:
    """Write a pickle beside a file, and rename it; wait for the disk if it is to be durable."""
    beside = f"{target}.bare"
    with open(beside, "wb") as stream:
        pickle.dump({"a": 1}, stream, protocol=pickle.HIGHEST_PROTOCOL)
        if durable:
            stream.flush()
            os.fdatasync(stream.fileno())
    os.replace(beside, target)
    if durable:
        directory = os.open(os.path.dirname(target), os.O_RDONLY)
        os.fsync(directory)
        os.close(directory)


def test_putting(bench: Any, small: Butler, tmp_path: Path) -> None:
    root = small.chain.inputs[0].root
    scratch = Butler(root, CameraMapper(f"{root}/camera.yaml"), durable=False)
    target = scratch.getUri("pickled", ID)
    bench.over(
        "put, pickle, not durable, over write and rename",
        lambda: scratch.put({"a": 1}, "pickled", ID),
        lambda: bare_put(target, False),
        60,
    )
    line = b"x" * 150 + b"\n"

    def bare_line() -> None:
        descriptor = os.open(tmp_path / "lines", os.O_WRONLY | os.O_APPEND | os.O_CREAT)
        os.write(descriptor, line)
        os.close(descriptor)

    bench.at_best(
        "its line in the journal, over open, write, close",
        lambda: journal.append(root, "put", "calexp/12/3.fits", d="calexp", id=ID),
        bare_line,
        over=5,
    )
    (tmp_path / "camera.yaml").write_text(POLICY)
    on_disk = Butler(tmp_path, CameraMapper(str(tmp_path / "camera.yaml")))
    on_disk.put({"a": 1}, "pickled", ID)
    path = on_disk.getUri("pickled", ID)
    bench.ratio(
        "put, pickle, durable, of write, fdatasync, rename, fsync",
        lambda: on_disk.put({"a": 1}, "pickled", ID),
        lambda: bare_put(path, True),
        1.5,
        rounds=100,
    )


@pytest.mark.parametrize("rows", [10**3, 10**5, 10**6])
def test_asking_for_many_rows(bench: Any, repositories: dict[int, Path], rows: int) -> None:
    butler = Butler(repositories[rows])
    connection = sqlite3.connect(repositories[rows] / "registry.sqlite3")

    def bare() -> Any:
        return connection.execute(
            "select distinct visit, ccdnum from raw where filter = ?", ("g",)
        ).fetchall()

    bench.ratio(
        f"queryMetadata, filter=g of {rows:,} rows",
        lambda: butler.queryMetadata("raw", ["visit", "ccdnum"], filter="g"),
        bare,
        1.05 if rows > 10**3 else 1.3,
        rounds=200 if rows == 10**3 else 7,
    )
    keys = list(butler.getKeys("raw", "") or ())

    def bare_subset() -> Any:
        return connection.execute(
            f"select distinct {', '.join(keys)} from raw where filter = ?", ("g",)
        ).fetchall()

    bench.ratio(
        f"subset, filter=g of {rows:,} rows",
        lambda: butler.subset("raw", filter="g"),
        bare_subset,
        1.3,
        rounds=200 if rows == 10**3 else 7,
    )
    connection.close()


@pytest.fixture(scope="module")
def nights(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return 4,000 files of one HDU with headers of 250 cards."""
    folder = tmp_path_factory.mktemp("nights")
    header = fits.Header(
        [("EXPNUM", 0), ("CCDNUM", 1), ("FILTER", "g DECam SDSS c0001 4720.0 1520.0")]
    )
    header["DATE-OBS"], header["EXPTIME"], header["OBJECT"] = "2015-01-01T01:02:03.4", 90.0, "field"
    header["PROPID"], header["OBSTYPE"] = "2014A-0000", "object"
    for number in range(238):
        header[f"KEY{number}"] = (number * 1.5, "a card of a telescope's header")
    block = fits.PrimaryHDU(np.zeros((4, 4), np.int16), header)
    path = folder / "first.fits"
    block.writeto(path)
    content = path.read_bytes()
    path.unlink()
    paths = []
    for number in range(4000):
        path = folder / f"x{number:05d}.fits"
        path.write_bytes(
            content.replace(b"EXPNUM  =                    0", b"EXPNUM  = %20d" % (number + 1), 1)
        )
        paths.append(str(path))
    return paths


def test_reading_headers(bench: Any, nights: list[str]) -> None:
    begin = time.perf_counter()
    for path in nights:
        next(fits_headers.scan(path))["EXPNUM"]
    ours = len(nights) / (time.perf_counter() - begin)
    begin = time.perf_counter()
    for path in nights[:300]:
        fits.getheader(path)["EXPNUM"]
    bare = 300 / (time.perf_counter() - begin)
    bench.tell(
        "headers of 250 cards",
        ours,
        "files/s",
        f"astropy {bare:,.0f} files/s",
        5000,
        more_is_better=True,
    )


def test_ingesting_links(bench: Any, nights: list[str], tmp_path: Path) -> None:
    (tmp_path / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    begin = time.perf_counter()
    assert ingest_images.main([str(tmp_path), *nights, *ONE_HDU]) == 0
    took = time.perf_counter() - begin
    begin = time.perf_counter()
    for path in nights:
        os.symlink(path, tmp_path / os.path.basename(path))
    bare = time.perf_counter() - begin
    bench.tell(
        "ingest, link mode, one core",
        len(nights) / took,
        "files/s",
        f"symlink alone {len(nights) / bare:,.0f}",
        2000,
        True,
    )


@pytest.mark.parametrize("mode", ["link", "hardlink", "copy", "direct"])
def test_having_what_is_ingested_on_the_disk(
    bench: Any, nights: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, mode: str
) -> None:
    """What a batch waits for the disk before its rows are registered, beside a file at a time."""
    waited: list[float] = []

    def timed(function: Any) -> Any:
        def act(*arguments: Any) -> Any:
            begin = time.perf_counter()
            result = function(*arguments)
            waited[-1] += time.perf_counter() - begin
            return result

        return act

    monkeypatch.setattr(direct, "register", timed(direct.register))
    if mode != "direct":
        monkeypatch.setattr(durable, "flush", timed(durable.flush))
    paths = nights[:1000]
    for number in range(3):
        root = tmp_path / str(number)
        root.mkdir()
        (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        os.sync()
        waited.append(0.0)
        assert ingest_images.main([str(root), *paths, *ONE_HDU, "--mode", mode]) == 0
    content, bare = Path(paths[0]).read_bytes(), []
    for number in range(50):
        (tmp_path / f"{number}.fits").write_bytes(content)
        begin = time.perf_counter()
        durable.flush_file(str(tmp_path / f"{number}.fits"))
        bare.append(time.perf_counter() - begin)
    bench.tell(
        f"ingest, {mode} mode, on the disk: more a file",
        1e6 * min(waited) / len(paths),
        "us",
        f"one fdatasync {1e6 * statistics.median(bare):,.0f} us",
        250,
    )


def test_finding_a_file_that_is_registered_where_it_lies(bench: Any, tmp_path: Path) -> None:
    writer = DirectWriter(str(tmp_path))
    with writer.transaction():
        writer.register(
            {f"{tmp_path}/raw/{n:07d}.fits": f"/archive/x{n:07d}.fits" for n in range(10**6)}
        )
    writer.close()
    files, path = DirectFiles(str(tmp_path)), "raw/0123456.fits"
    connection = sqlite3.connect(tmp_path / ".persistence/direct.sqlite3")
    assert files.find(path) == "/archive/x0123456.fits"
    bench.over(
        "direct, one of 10^6 registered files",
        lambda: files.find(path),
        lambda: connection.execute("select file from direct where path = ?", [path]).fetchall(),
        10,
    )
    connection.close()


def test_registering(bench: Any, tmp_path: Path) -> None:
    register = load(DecamMapper.ingestFile).register
    spec = TableSpec(register.table, register.columns, register.unique, register.visit)
    writer = SqliteWriter(str(tmp_path / "registry.sqlite3"), {"raw": spec})
    with writer.transaction():
        pass
    values = {"int": 1, "text": "some text", "double": 90.0}
    plain = {name: values[kind] for name, kind in register.columns.items()}
    rows = [{**plain, "visit": number // 62, "ccdnum": number % 62} for number in range(100000)]
    begin = time.perf_counter()
    for start in range(0, len(rows), 20000):
        with writer.transaction():
            writer.add("raw", rows[start : start + 20000])
    took = time.perf_counter() - begin
    writer.close()
    connection = sqlite3.connect(tmp_path / "bare.sqlite3")
    for statement in statements(spec):
        connection.execute(statement)
    marks = ", ".join("?" * len(plain))
    begin = time.perf_counter()
    connection.executemany(
        f"insert into raw values (null, {marks})", ([*row.values()] for row in rows)
    )
    connection.commit()
    bare = len(rows) / (time.perf_counter() - begin)
    connection.close()
    bench.tell(
        "rows into the registry",
        len(rows) / took,
        "rows/s",
        f"executemany {bare:,.0f}",
        100000,
        True,
    )


def test_showing_the_data_there_are(bench: Any, repositories: dict[int, Path]) -> None:
    code = (
        "import contextlib, io, sys, time; begin = time.perf_counter()\n"
        "from persistence.cli.main import main\n"
        "with contextlib.redirect_stdout(io.StringIO()): main(['show-data', *sys.argv[1:]])\n"
        "print(time.perf_counter() - begin)\n"
    )
    root = str(repositories[10**5])
    for words in (["--all"], ["--all", "--short"]):
        (took,) = fresh(code, root, *words)
        bench.tell(
            f"show-data {' '.join(words)}, 10^5 data IDs", took, "s", "in a fresh process", 2
        )
