"""A processed tree, moved or copied as a whole: read and written where it is, and the old one never asked."""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import types
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from obs_decam.sample import calibs as generate_calibs
from obs_decam.sample import generate, refcat
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images

# A tree is made by ten commands; how parents that moved are looked for has tests of its own.
pytestmark = pytest.mark.slow

TOP = Path(__file__).resolve().parents[2]
VISIT, BAND, CHIP = 410877, "g", 25
ID = {"visit": VISIT, "ccdnum": CHIP}
# How each of the raws, and of the types of calibrations, comes into the repository.
RAWS = {VISIT: "relsymlink", 410878: "copy", 410879: "hardlink", 410880: "direct"}
PAIR = {"src": {"datasetType": "src"}, "note": {"datasetType": "note"}}
HOWS = {
    "mv": ["mv", "site", "further"],
    "cp -r": ["cp", "-r", "site", "further"],
    "cp -a": ["cp", "-a", "site", "further"],
    "tar": ["sh", "-c", "mkdir further && tar c -C site . | tar x -C further"],
    "rsync": ["rsync", "-a", "site/", "further"],
}


def process(root: Path, *words: str) -> str:
    """Run processCcd as a user does; return what it printed."""
    command = [sys.executable, str(TOP / "bin/processCcd.py"), str(root), *words, "--no-versions"]
    command += ["--id", f"visit={VISIT}", f"ccdnum={CHIP}", "-c", "calibrate.refCat=invented"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.fixture(scope="module")
def processed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tree, named site, and a copy of it, for the tests change the tree. Return the copy."""
    site = make(tmp_path_factory.mktemp("trees") / "site")
    return Path(shutil.copytree(site, site.parent / "as it was", symlinks=True))


@pytest.fixture
def site(processed: Path) -> Path:
    """Return the tree, as it was made, and where it was made: what is absolute in it leads to it."""
    for name in ("site", "further"):
        shutil.rmtree(processed.parent / name, ignore_errors=True)
    return Path(shutil.copytree(processed, processed.parent / "site", symlinks=True))


def make(site: Path) -> Path:
    """Return a tree: raws, calibrations beside and in the repository, two reruns and an output."""
    repo = site / "repo"
    for name in ("in", "repo/incoming", "repo/CALIB", "calib"):
        (site / name).mkdir(parents=True)
    (repo / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    for visit, mode in RAWS.items():
        path = site / ("repo/incoming" if mode == "direct" else "in") / f"{visit}.fits"
        generate.exposure(visit, BAND, "small", compress=False, extensions=2).writeto(path)
        assert ingest_images.main([str(repo), str(path), "--mode", mode]) == 0
    masters = generate_calibs.write_masters(
        str(site / "masters"), ["bias", "flat"], ["2014-02-20"], [BAND], (CHIP,), "small"
    )
    generate_calibs.write_curated(str(site / "curated"), ["defects"], (CHIP,), "small")
    for calib, mode in ((repo / "CALIB", "relsymlink"), (site / "calib", "hardlink")):
        words = ["--calib", str(calib)]
        options = ["--validity", "365", "--mode", mode]
        assert ingest_calibs.main([str(repo), *masters, *words, *options]) == 0
        assert ingest_curated.main([str(repo), f"{site}/curated/decam/defects", *words]) == 0
    refcat.write_refcat(str(repo / "ref_cats/invented"), [VISIT])
    process(repo, "--calib", str(repo / "CALIB"), "--rerun", "one")
    process(repo, "--calib", str(site / "calib"), "--output", str(site / "out"))
    butler = Butler(inputs=repo / "rerun/one", outputs=repo / "rerun/two")
    butler.defineDataset(
        "note", template="note/%(visit)d_%(ccdnum)d.yaml", storage="YamlStorage", python="dict"
    )
    butler.defineDataset("pair", python="types.SimpleNamespace", composite=PAIR)
    pair = types.SimpleNamespace(src=butler.get("src", ID), note={"a": 1})
    butler.put(pair, "pair", ID)
    assert Path(Butler(repo / "rerun/two").getUri("src", ID)).is_symlink()
    return site


def digests(folder: Path) -> dict[str, str]:
    """Return the digest of each file, and the target of each link, of a tree."""
    return {
        str(path.relative_to(folder)): os.readlink(path)
        if path.is_symlink()
        else hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_symlink() or path.is_file()
    }


def poison(site: Path) -> None:
    """Replace the content of each file of a tree."""
    for path in site.rglob("*"):
        if path.is_file() and not path.is_symlink():
            path.write_bytes(b"of the old tree")


def forbid(site: Path) -> None:
    """Make this process fail when it opens, lists or links to anything in a tree."""

    def look(event: str, arguments: tuple[Any, ...]) -> None:
        if event == "open" or event.startswith(("os.", "sqlite3.", "shutil.")):
            for argument in arguments:
                if isinstance(argument, str | bytes) and f"{site}/" in os.fsdecode(argument):
                    raise AssertionError(f"{event} of {argument!r}")

    sys.addaudithook(look)


def science(path: Path, ccdnum: int) -> Any:
    """Read the pixels of a chip without this project."""
    with fits.open(path) as hdus:
        return next(hdu.data for hdu in hdus if hdu.header.get("CCDNUM") == ccdnum)


@pytest.mark.parametrize("stands", [True, False], ids=["the old one stands", "the old one is gone"])
@pytest.mark.parametrize("how", HOWS)
def test_a_processed_tree_is_read_and_written_where_it_was_brought(
    processed: Path, site: Path, in_a_fork: Callable[..., str], how: str, stands: bool
) -> None:
    if shutil.which(HOWS[how][0]) is None:
        pytest.skip(f"this system has no {HOWS[how][0]}")
    further = site.with_name("further")
    subprocess.run(HOWS[how], cwd=site.parent, check=True)
    if stands and how == "mv":
        shutil.copytree(further, site, symlinks=True)
    if stands:
        poison(site)
        before = digests(site)
    else:
        shutil.rmtree(site, ignore_errors=True)

    def act() -> str:
        forbid(site)
        read(processed, further)
        write(further)
        return "done"

    assert in_a_fork(act) == "done"
    assert not stands or digests(site) == before


def read(original: Path, site: Path) -> None:
    """Compare what a Butler reads with what astropy reads in the original."""
    for output in ("repo/rerun/one", "repo/rerun/two", "out"):
        butler = Butler(site / output)
        for visit, mode in RAWS.items():
            path = original / ("repo/incoming" if mode == "direct" else "in") / f"{visit}.fits"
            assert butler.datasetExists("raw", visit=visit, ccdnum=CHIP)
            raw = butler.get("raw", visit=visit, ccdnum=CHIP)
            assert np.array_equal(raw.image, science(path, CHIP))
            assert butler.getUri("raw", visit=visit, ccdnum=CHIP).startswith(f"{site}/repo/")
        for kind in ("bias", "flat", "defects"):
            assert str(site) in butler.get(f"{kind}_filename", ID)[0]
        (master,) = (original / "masters").rglob(f"*bias*{CHIP}*.fits")
        assert np.array_equal(butler.get("bias", ID).image, fits.getdata(master))
        assert len(butler.get("defects", ID)) > 0
        place = "out" if output == "out" else "repo/rerun/one"
        path = next((original / place).rglob(f"calexp-*_{CHIP}.fits"))
        assert np.array_equal(butler.get("calexp", ID).image, fits.getdata(path, 1))
        assert butler.get("processCcd_metadata", ID)
        assert butler.get("calexp.wcs", ID) is not None
        path = next((original / place).rglob(f"src-*_{CHIP}.fits"))
        assert len(butler.get("src", ID)) == len(fits.getdata(path, 1))
    butler = Butler(site / "repo/rerun/two")
    pair = butler.get("pair", ID)
    assert len(pair.src) == len(butler.get("src", ID))
    assert dict(pair.note) == {"a": 1}


def write(site: Path) -> None:
    """Write into the rerun, as a whole and in parts, and into a new one."""
    for outputs in ({"root": site / "repo/rerun/two", "mode": "rw"}, site / "repo/rerun/three"):
        butler = Butler(inputs=site / "repo/rerun/one", outputs=outputs)
        butler.put(butler.get("calexp", ID), "calexp", ID)
        assert butler.datasetExists("calexp", ID, write=True)
    butler = Butler(
        inputs=site / "repo/rerun/two", outputs={"root": site / "repo/rerun/four", "mode": "rw"}
    )
    butler.put(butler.get("pair", ID), "pair", ID)
    link = Path(butler.getUri("src", ID))
    assert not os.path.isabs(os.readlink(link))
    assert str(link.resolve()).startswith(str(site))


@pytest.mark.slow
@pytest.mark.parametrize("stands", [True, False], ids=["the old one stands", "the old one is gone"])
def test_a_copied_tree_is_processed_further(site: Path, stands: bool) -> None:
    further = Path(shutil.copytree(site, site.with_name("further"), symlinks=True))
    if stands:
        poison(site)
        before = digests(site)
    else:
        shutil.rmtree(site)
    assert "1 skipped" in process(further / "repo", "--rerun", "one", "--skip-existing")
    assert "zero point 30." in process(further / "repo", "--rerun", "one:five")
    again = ["--calib", str(further / "calib"), "--output", str(further / "out"), "--skip-existing"]
    assert "1 skipped" in process(further / "repo", *again)
    assert not stands or digests(site) == before
