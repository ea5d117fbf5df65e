"""What many tests need: repositories with invented exposures, and the real files where they lie."""

from __future__ import annotations

import gc
import gzip
import importlib
import json
import os
import shutil
import sqlite3
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam.sample import generate
from persistence import Butler
from persistence.cli import ingest_images
from persistence.files import entry_points

# Beside the project's checkout; a user's has none.
SHARED = Path(os.environ.get("PERSISTENCE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
MAPPER = "lsst.obs.decam.DecamMapper"


def pytest_collection_finish() -> None:
    """Keep the garbage collector from walking all tests again and again: they stay to the end."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True, scope="session")
def _own_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Keep tests out of the user's cache, state of watches, and configuration."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CACHE_HOME", str(tmp_path_factory.mktemp("cache")))
        patch.setenv("XDG_STATE_HOME", str(tmp_path_factory.mktemp("state")))
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("config")))
        yield


@pytest.fixture(scope="session")
def real() -> Path:
    """Return the folder of real files."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real files are not there: {SHARED / 'data'}")
    return SHARED / "data"


@pytest.fixture(scope="session")
def vectors() -> Any:
    """Return a function that reads what the original computes, by the name of the file."""
    place = Path(__file__).parent / "vectors"
    return lambda name: json.loads(gzip.decompress((place / f"{name}.json.gz").read_bytes()))


@pytest.fixture(scope="session")
def raws(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Return two small raw exposures, once: 410877 in g and 410878 in r."""
    folder = tmp_path_factory.mktemp("raw")
    return generate.write(str(folder), [(410877, "g"), (410878, "r")], size="tiny")


def make_root(folder: Path) -> Path:
    """Return an empty DECam repository."""
    folder.mkdir(parents=True)
    (folder / "_mapper").write_text(f"{MAPPER}\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Return an empty DECam repository."""
    return make_root(tmp_path / "repo")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, raws: list[str]) -> Iterator[Path]:
    """Yield a repository with the two raw exposures. It is shared: do not change it."""
    folder = make_root(tmp_path_factory.mktemp("filled") / "repo")
    assert ingest_images.main([str(folder), *raws]) == 0
    made = sorted(folder.rglob("*"))
    yield folder
    assert sorted(folder.rglob("*")) == made, "a test changed what is shared: use `own`"


@pytest.fixture
def own(filled: Path, tmp_path: Path) -> Path:
    """Return a copy of the repository with the two raw exposures, to be changed."""
    return Path(shutil.copytree(filled, tmp_path / "own", symlinks=True))


@pytest.fixture
def butler(filled: Path) -> Butler:
    """Return a Butler on the shared repository."""
    return Butler(filled)


@pytest.fixture(scope="session")
def triples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return two Community Pipeline exposures of two extensions, with each data-quality bit and bad weights."""
    folder = tmp_path_factory.mktemp("archive_instcal")
    for visit, band in ((500001, "g"), (500002, "r")):
        raw = generate.exposure(visit, band, "tiny", compress=False, extensions=2)
        raw[0].header["MAGZERO"] = 30.25
        raw[0].header["PLVER"] = "V3.4.9"  # of the last versions whose masks are bits
        for kind, word in (("instcal", "ooi"), ("dqmask", "ood"), ("wtmap", "oow")):
            hdus = [fits.PrimaryHDU(header=raw[0].header)]
            for hdu in raw[1:]:
                pixels = _PLANES[kind](hdu.data)
                hdus.append(
                    fits.CompImageHDU(pixels, hdu.header, hdu.name, compression_type="GZIP_2")
                )
            (folder / kind).mkdir(exist_ok=True)
            fits.HDUList(hdus).writeto(folder / kind / f"c4d_{visit}_{word}_{band}.fits.fz")
    (folder / "dqmask" / "a_note.fits").write_text("not FITS; the search goes on")
    return folder


@pytest.fixture
def master(tmp_path: Path) -> Callable[..., str]:
    """Return a function that makes a master calibration of one HDU: a bias of chip 1, unless cards say otherwise."""

    def make(
        date: str | None = "2015-02-18", obstype: str | None = "zero", ccdnum: int = 1, **cards: Any
    ) -> str:
        header = fits.Header({"CCDNUM": ccdnum, "PROCTYPE": "lsst", **cards})
        for keyword, value in (("OBSTYPE", obstype), ("DATE-OBS", date)):
            if value is not None:
                header[keyword] = value
        folder = tmp_path / "masters"
        folder.mkdir(exist_ok=True)
        path = folder / f"{len(list(folder.iterdir()))}.fits"
        fits.PrimaryHDU(np.full((2, 2), float(ccdnum), np.float32), header).writeto(path)
        return str(path)

    return make


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., None]]:
    """Return a function that installs a package: what it announces, and the text of its modules."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.syspath_prepend(folder)
    installed: set[str] = set()

    def install(text: str, name: str = "toy-1.0.dist-info", **modules: str) -> None:
        (folder / name).mkdir()
        (folder / name / "entry_points.txt").write_text(text)
        for module, code in modules.items():
            (folder / f"{module}.py").write_text(code)
        installed.update(modules)
        importlib.invalidate_caches()
        entry_points._targets.cache_clear()
        entry_points.announced.cache_clear()

    yield install
    for module in installed:
        sys.modules.pop(module, None)
    entry_points._targets.cache_clear()
    entry_points.announced.cache_clear()


@pytest.fixture
def in_a_fork() -> Callable[[Callable[[], str]], str]:
    """Return a function that calls another one in a forked process, and returns what that returns."""
    return _in_a_fork


def _in_a_fork(act: Callable[[], str]) -> str:
    """Return what a function returns, or the error that it raises, in a forked process."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            result = act()
        except BaseException as error:  # the parent receives it
            result = repr(error)
        os.write(writer, result.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as stream:
        return stream.read()


@pytest.fixture
def as_nobody() -> Callable[[Callable[[], str]], str]:
    """Return a function that acts as a user who owns nothing."""
    return _as_nobody


@pytest.fixture
def as_user() -> Callable[..., str]:
    """Return a function that acts in a process of another user, and returns what came of it.

    The users have no name here; a gid is each one's own unless others are given.
    """
    if os.geteuid() != 0:
        pytest.skip("only root may start a process of another user")

    def act_as(uid: int, act: Callable[[], str], groups: Sequence[int] = ()) -> str:
        def act_as_user() -> str:
            first, *others = groups or [uid]
            os.setgroups(others)
            os.setgid(first)
            os.setuid(uid)
            return act()

        return _in_a_fork(act_as_user)

    return act_as


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """Return a folder that every user may look into: pytest's own are closed to others."""
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        os.chmod(name, 0o755)
        yield Path(name)


def _as_nobody(act: Callable[[], str]) -> str:
    """Act as a user who owns nothing, if we may change users; gives what came of it."""

    def act_as_nobody() -> str:
        if os.geteuid() == 0:
            os.setgid(65534)
            os.setuid(65534)
        return act()

    return _in_a_fork(act_as_nobody)


_COLUMNS = "filter text, ccdnum int, calib_hdu int, path text, calibDate text, validStart text, validEnd text"
_DEFECTS = "filter text, ccdnum int, calibDate text, validStart text, validEnd text"
# type, filter, detector, date, first day, last day. The exposures were taken on 2015-03-02.
CALIBRATIONS = [
    ("bias", "NONE", 28, "2015-02-18", "2015-01-01", "2015-03-01"),
    ("bias", "NONE", 28, "2015-03-05", "2015-03-02", "2015-04-01"),
    ("bias", "NONE", 3, "2015-03-01", "2015-01-01", "2015-12-31"),
    ("flat", "g", 28, "2015-03-03", "2015-01-01", "2015-12-31"),
    ("flat", "r", 28, "2015-03-04", "2015-01-01", "2015-12-31"),
    ("defects", "NONE", 28, "1970-01-01T00:00:00", "1970-01-01", "2015-03-02"),
    ("defects", "NONE", 28, "2015-03-02T00:00:00", "2015-03-02", "2037-12-31"),
]


def _make_calibs(
    folder: Path, rows: Iterable[tuple[Any, ...]] = CALIBRATIONS, files: bool = True
) -> Path:
    """Return a directory of calibrations by hand, as Gen2's tools would have."""
    folder.mkdir(parents=True, exist_ok=True)
    registry = sqlite3.connect(folder / "calibRegistry.sqlite3")
    for kind in ("bias", "dark", "flat", "fringe", "illumcor"):
        unique = "unique(filter,ccdnum,calibDate)"
        registry.execute(
            f"CREATE TABLE {kind} (id integer primary key autoincrement, {_COLUMNS}, {unique})"
        )
    registry.execute(f"CREATE TABLE defects (id integer primary key autoincrement, {_DEFECTS})")
    for kind, name, number, date, start, end in rows:
        names = "filter, ccdnum, calibDate, validStart, validEnd"
        registry.execute(
            f"INSERT INTO {kind} ({names}) VALUES (?, ?, ?, ?, ?)", (name, number, date, start, end)
        )
        if files:
            path = folder / _PATHS[kind].format(date=date, filter=name, number=number)
            path.parent.mkdir(parents=True, exist_ok=True)
            header = fits.Header({"CCDNUM": number, "FILTER": name, "DATE-OBS": date})
            fits.PrimaryHDU(np.full((4, 8), number, dtype=np.float32), header).writeto(path)
    registry.commit()
    registry.close()
    return folder


_PATHS = {
    "bias": "BIAS/{date}/BIAS-{date}-{number:02d}.fits",
    "flat": "FLAT/{date}/{filter}/FLAT-{date}-{number:02d}.fits",
    "fringe": "FRINGE/{date}/{filter}/FRINGE-{date}-{number:02d}.fits",
    "defects": "defects/{date}/defects-{date}-{number:03d}.fits",
}


@pytest.fixture(scope="session")
def make_calibs() -> Callable[..., Path]:
    """Return a function that makes a directory of calibrations, by default of these rows, with their files."""
    return _make_calibs


@pytest.fixture
def dated(own: Path) -> Path:
    """Return a repository whose exposures are of 2015-03-02."""
    registry = sqlite3.connect(own / "registry.sqlite3")
    for table in ("raw", "raw_visit"):
        registry.execute(f"UPDATE {table} SET date = '2015-03-02'")
    registry.commit()
    registry.close()
    return own


@pytest.fixture
def calibrated(dated: Path) -> Butler:
    """Return a Butler on that repository, with calibrations in its directory CALIB."""
    _make_calibs(dated / "CALIB")
    return Butler(dated, calibRoot="CALIB")


def _quality(image: Any) -> Any:
    quality = np.zeros(image.shape, dtype=np.int32)
    quality[0, :11] = [1 << bit for bit in range(11)]
    return quality


def _weight(image: Any) -> Any:
    weight = np.full(image.shape, 0.25, dtype=np.float32)
    weight[0, :2] = [0.0, -1.0]
    return weight


_PLANES = {"instcal": lambda image: image.astype(np.float32), "dqmask": _quality, "wtmap": _weight}


@pytest.fixture
def tabled() -> Callable[[], fits.HDUList]:
    """Return a function that makes an image whose distortion, and its detector's, are tables.

    As those of HST are. The tables are linear.
    """

    def make() -> fits.HDUList:
        sky = {
            "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN", "CRPIX1": 1000.0, "CRPIX2": 2000.0,
            "CRVAL1": 150.0, "CRVAL2": 2.0,
            "CD1_1": -7e-5, "CD1_2": 1e-6, "CD2_1": 2e-6, "CD2_2": 7e-5,
        }  # fmt: skip
        image = fits.ImageHDU(np.zeros((40, 50), "f4"), fits.Header(sky), name="SCI")
        hdus = [fits.PrimaryHDU(), image]
        for word, short, name, size in (
            ("CPDIS", "DP", "WCSDVARR", 3.0),
            ("D2IMDIS", "D2IM", "D2IMARR", -2.0),
        ):
            for axis in (1, 2):
                image.header[f"{word}{axis}"] = "LOOKUP"
                for text in (f"EXTVER: {axis}", "NAXES: 2", "AXIS.1: 1", "AXIS.2: 2"):
                    image.header.append((f"{short}{axis}", text), end=True)
                y, x = np.mgrid[:5, :6]
                pixels = (size * axis * (x + 0.5 * y) / 10).astype("f4")
                table = fits.ImageHDU(pixels, name=name, ver=axis)
                for card, value in (("CRPIX", 1.0), ("CRVAL", 1.0), ("CDELT", 10.0)):
                    table.header[f"{card}1"] = table.header[f"{card}2"] = value
                hdus.append(table)
        return fits.HDUList(hdus)

    return make
