"""What many tests need: repositories with invented exposures, and the real files where they lie."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam import generate
from persistence import Butler
from persistence.cli import ingest_images

# Beside the project's checkout; a user's has none.
SHARED = Path(os.environ.get("PERSISTENCE_SHARED", Path(__file__).resolve().parents[2] / "shared"))
MAPPER = "lsst.obs.decam.DecamMapper"


@pytest.fixture(scope="session")
def real() -> Path:
    """Give the folder of real files."""
    if not (SHARED / "data").is_dir():
        pytest.skip(f"the real files are not there: {SHARED / 'data'}")
    return SHARED / "data"


@pytest.fixture(scope="session")
def vectors() -> Any:
    """Give a function that reads what the original computes, for one camera."""
    if not (SHARED / "vectors").is_dir():
        pytest.skip(f"the original's answers are not there: {SHARED / 'vectors'}")
    return lambda name: json.loads((SHARED / "vectors" / f"{name}.json").read_text())


@pytest.fixture(scope="session")
def raws(tmp_path_factory: pytest.TempPathFactory) -> list[str]:
    """Make two small raw exposures, once: 410877 in g and 410878 in r."""
    folder = tmp_path_factory.mktemp("raw")
    return generate.write(str(folder), [(410877, "g"), (410878, "r")], size="tiny")


def make_root(folder: Path) -> Path:
    """Make an empty DECam repository."""
    folder.mkdir(parents=True)
    (folder / "_mapper").write_text(f"{MAPPER}\n")
    return folder


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Give an empty DECam repository."""
    return make_root(tmp_path / "repo")


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory, raws: list[str]) -> Path:
    """Give a repository with the two raw exposures. It is shared: do not change it."""
    folder = make_root(tmp_path_factory.mktemp("filled") / "repo")
    assert ingest_images.main([str(folder), *raws]) == 0
    return folder


@pytest.fixture
def own(filled: Path, tmp_path: Path) -> Path:
    """Give a copy of the repository with the two raw exposures, to be changed."""
    return Path(shutil.copytree(filled, tmp_path / "own", symlinks=True))


@pytest.fixture
def butler(filled: Path) -> Butler:
    """Give a Butler on the shared repository."""
    return Butler(filled)


@pytest.fixture(scope="session")
def triples(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make two Community Pipeline exposures of two extensions, with each data-quality bit and bad weights."""
    folder = tmp_path_factory.mktemp("archive_instcal")
    for visit, band in ((500001, "g"), (500002, "r")):
        raw = generate.exposure(visit, band, "tiny", compress=False, extensions=2)
        raw[0].header["MAGZERO"] = 30.25
        for kind, word in (("instcal", "ooi"), ("dqmask", "ood"), ("wtmap", "oow")):
            hdus = [fits.PrimaryHDU(header=raw[0].header)]
            for hdu in raw[1:]:
                pixels = _PLANES[kind](hdu.data)
                hdus.append(fits.CompImageHDU(pixels, hdu.header, hdu.name, compression_type="GZIP_2"))
            (folder / kind).mkdir(exist_ok=True)
            fits.HDUList(hdus).writeto(folder / kind / f"c4d_{visit}_{word}_{band}.fits.fz")
    (folder / "dqmask" / "a_note.fits").write_text("not FITS; the search goes on")
    return folder


@pytest.fixture
def master(tmp_path: Path) -> Callable[..., str]:
    """Give a function that makes a master calibration of one HDU: a bias of chip 1, unless cards say otherwise."""

    def make(date: str | None = "2015-02-18", obstype: str | None = "zero", ccdnum: int = 1, **cards: Any) -> str:
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
def as_nobody() -> Callable[[Callable[[], str]], str]:
    """Give a function that acts as a user who owns nothing."""
    return _as_nobody


def _as_nobody(act: Callable[[], str]) -> str:
    """Act as a user who owns nothing, if we may change users; gives what came of it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            result = act()
        except BaseException as error:  # it is told to the parent
            result = repr(error)
        os.write(writer, result.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as stream:
        return stream.read()


def _quality(image: Any) -> Any:
    quality = np.zeros(image.shape, dtype=np.int32)
    quality[0, :11] = [1 << bit for bit in range(11)]
    return quality


def _weight(image: Any) -> Any:
    weight = np.full(image.shape, 0.25, dtype=np.float32)
    weight[0, :2] = [0.0, -1.0]
    return weight


_PLANES = {"instcal": lambda image: image.astype(np.float32), "dqmask": _quality, "wtmap": _weight}
