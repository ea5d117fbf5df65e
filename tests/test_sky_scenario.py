"""A survey of three dithered visits and two tracts: raws, then calexps by processCcd, then coadds.

The sky, the true positions and the wrong ones in the headers are the generator's; overlaps are
computed from them by astropy alone.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.coordinates import SkyCoord
from astropy.table import Table
from astropy.wcs import WCS

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")
pytest.importorskip("lsst.sphgeom", reason="pip install '.[sky]'")

from obs_decam.sample import cards, tutorial
from obs_decam.sample.facts import LAYOUTS
from obs_decam.sample.realistic import epochs
from persistence import Butler
from persistence.cli import main
from persistence.skymap.config import DiscreteConfig
from persistence.skymap.discrete import DiscreteSkyMap
from persistence.tasks.process_ccd import ProcessCcdTask

pytestmark = pytest.mark.slow
SEED, CCD = 7, tutorial.DETECTOR
# The third header is wrong by 35 arcsec: the raw seems to be on the eastern tract.
VISITS: tuple[dict[str, Any], ...] = (
    {"visit": 1001, "mjd": 61315.30, "fwhm": 4.2, "sky": 700.0},
    {"visit": 1002, "mjd": 61315.31, "fwhm": 4.4, "sky": 700.0, "shift": (-110.0, 0.0)},
    {
        "visit": 1003, "mjd": 61315.32, "fwhm": 4.3, "sky": 700.0, "shift": (-110.0, -50.0),
        "off": (35.0, 0.0),
    },
)  # fmt: skip
EAST = 95.0  # arcsec: from the middle of the first visit to that of the eastern tract
WEST = -25.0


@pytest.fixture(scope="module")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a directory with raws in ``repo``, and a sky map in ``repo/rerun/processed``."""
    folder = tmp_path_factory.mktemp("survey")
    root = Path(tutorial.write(str(folder), SEED, "stamp", VISITS))
    ra, dec = epochs.CENTRE
    config = DiscreteConfig(
        raList=tuple(ra + away / 3600 / np.cos(np.radians(dec)) for away in (WEST, EAST)),
        decList=(dec, dec), radiusList=(0.016, 0.012), patchInnerDimensions=(100, 100),
        patchBorder=10, pixelScale=0.5, tractOverlap=0.0,
    )  # fmt: skip
    settings = {"calibRoot": str(root / "calibs")}  # as processCcd.py has them
    rerun = {"root": str(root / "rerun" / "processed"), "mapperArgs": settings}
    Butler(inputs=str(root), outputs=rerun).put(DiscreteSkyMap(config), "deepCoadd_skyMap")
    return folder


def on(wcs: WCS, shape: tuple[int, int], target: WCS, box: Any) -> float:
    """Return the fraction of an image's pixels that lie in a box of another WCS."""
    x, y = np.meshgrid(np.arange(0, shape[1], 3), np.arange(0, shape[0], 3))
    column, row = target.all_world2pix(*wcs.all_pix2world(x.ravel(), y.ravel(), 0), 0)
    inside = (column >= box.x0 - 0.5) & (column < box.x0 + box.width - 0.5)
    return float((inside & (row >= box.y0 - 0.5) & (row < box.y0 + box.height - 0.5)).mean())


def attitudes(kind: str) -> dict[int, WCS]:
    """Return the generator's WCSs of the trimmed images: ``truth``, or ``header``."""
    (chip,) = cards.science_chips([CCD])
    layout = LAYOUTS["stamp"]
    planned = epochs.plan(SEED, chip, layout, list(VISITS))
    return {one.visit: epochs.wcs(getattr(one, kind), chip, layout) for one in planned}


def visits(rows: Iterable[Mapping[str, Any]]) -> set[int]:
    return {row["visit"] for row in rows}


def short(capsys: pytest.CaptureFixture[str], *words: str) -> list[str]:
    """Return the words that ``persistence at ... --short`` prints."""
    assert main.main(["at", *words, "--short"]) == 0
    return shlex.split(capsys.readouterr().out)


def test_from_raws_to_coadds_and_back(survey: Path, capsys: pytest.CaptureFixture[str]) -> None:
    root, rerun = survey / "repo", survey / "repo/rerun/processed"
    butler = Butler(str(rerun))
    west, east = butler.sky.map()
    shape = (LAYOUTS["stamp"].rows, 2 * LAYOUTS["stamp"].columns)
    claimed, true = attitudes("header"), attitudes("truth")
    by_header = {
        tract.tract_id: {v for v, wcs in claimed.items() if on(wcs, shape, tract.wcs, tract.bbox)}
        for tract in (west, east)
    }
    by_truth = {
        tract.tract_id: {v for v, wcs in true.items() if on(wcs, shape, tract.wcs, tract.bbox)}
        for tract in (west, east)
    }
    assert by_header == {0: {1001, 1002, 1003}, 1: {1001, 1003}}  # else there is nothing to see
    assert by_truth == {0: {1001, 1002, 1003}, 1: {1001}}

    # raws, by their own WCS
    for tract, its in by_header.items():
        assert visits(butler.sky.overlaps("raw", tract=tract)) == its
    chosen = short(capsys, str(rerun), "--overlaps", "tract=1", "patch=1,0", "--type", "raw")
    assert chosen[0] == "--id"

    # the task processes what lies on the eastern tract, then the rest
    common = [str(root), "--calib", str(root / "calibs"), "--rerun", "processed"]
    ProcessCcdTask.parseAndRun([*common, *chosen])
    assert visits(butler.query("calexp")) == by_header[1]
    ProcessCcdTask.parseAndRun([*common, "--id", "visit=1002", f"ccdnum={CCD}"])
    butler = Butler(str(rerun))
    assert visits(butler.query("calexp")) == set(true)

    # calexps, by the corrected WCS: for raws, too, but by their own if asked for
    for name in ("raw", "calexp", "src"):
        for tract, its in by_truth.items():
            assert visits(butler.sky.overlaps(name, tract=tract)) == its, name
    assert visits(butler.sky.overlaps("raw", tract=1, at="raw")) == by_header[1]

    # patches for coadds, and back; what the images only touch, by less than a pixel, may differ
    for visit, wcs in true.items():
        covered = {
            (tract.tract_id, patch.name): on(wcs, shape, tract.wcs, patch.outer_bbox)
            for tract in (west, east)
            for patch in tract
        }
        rows = butler.sky.overlaps("deepCoadd", visit=visit, ccdnum=CCD)
        found = {(row["tract"], row["patch"]): row["covered"] for row in rows}
        assert {key for key, part in covered.items() if part > 0.01} <= set(found)
        for key, part in found.items():
            assert part == pytest.approx(covered[key], abs=0.01)
            back = butler.sky.overlaps("calexp", tract=key[0], patch=key[1])
            assert visit in visits(back)
    calexps = short(capsys, str(rerun), "--overlaps", "tract=1", "--type", "calexp")
    assert calexps[:2] == ["--id", "visit=1001"]


def test_a_star_is_in_the_middle_of_its_cutouts(survey: Path) -> None:
    """The position is the truth of the generator, and the WCSs are those of processCcd."""
    butler = Butler(str(survey / "repo/rerun/processed"))
    if not len(butler.query("calexp")):  # this test alone
        root = survey / "repo"
        words = [str(root), "--calib", str(root / "calibs"), "--rerun", "processed"]
        ProcessCcdTask.parseAndRun([*words, "--id", "visit=1001..1003"])
    stars = Table.read(survey / "sky/truth/stars-1001.fits")
    bright = stars[np.argsort(-np.asarray(stars["counts"]))]
    side, edge = LAYOUTS["stamp"].rows, 40
    inside = (bright["x"] > edge) & (bright["x"] < side - edge)
    inside &= (bright["y"] > edge) & (bright["y"] < side - edge)
    seen = 0
    for star in bright[inside][:10]:
        place = SkyCoord(star["ra"], star["dec"], unit="deg")
        cutouts = butler.sky.cutouts("calexp", place, 15)
        for cutout in cutouts:
            bad = cutout.mask["SAT"].any() or np.isnan(cutout.image).any()
            y, x = np.unravel_index(np.argmax(cutout.image), cutout.image.shape)
            if not bad:
                assert np.hypot(x - 7, y - 7) < 2, star["id"]
                seen += 1
    assert seen >= 6
