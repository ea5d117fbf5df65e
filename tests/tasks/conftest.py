"""Invented exposures: simple ones for single steps, and a whole repository with the generator's."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from astropy.wcs import WCS

from obs_decam.sample import calibs as generate_calibs
from obs_decam.sample import generate, refcat
from persistence import Butler, Exposure
from persistence.cli import ingest_calibs, ingest_curated, ingest_images
from persistence.tasks.crowding import Light
from persistence.tasks.process_ccd import ProcessCcdTask
from persistence.tasks.process_ccd_config import ProcessCcdConfig
from persistence.types.pixels.mask import Mask

pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")
pytest.importorskip("sep", reason="pip install '.[tasks]'")

VISIT, BAND = 410877, "g"
CHIPS = (25, 26)
SKY, SIGMA = 400.0, 1.4


def make_exposure(
    stars: Any, shape: tuple[int, int] = (96, 128), noise: bool = True, **flags: Any
) -> Exposure:
    """Return an exposure of a flat sky with Gaussian stars (x, y, flux), in electrons; more are flags of pixels."""
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    light = np.full(shape, SKY)
    for x, y, flux in stars:
        light += (
            flux
            / (2 * np.pi * SIGMA**2)
            * np.exp(-((columns - x) ** 2 + (rows - y) ** 2) / (2 * SIGMA**2))
        )
    image = np.random.default_rng(7).poisson(light).astype(np.float32) if noise else light
    planes = {name: np.asarray(flagged, bool) for name, flagged in flags.items()} or {
        "BAD": np.zeros(shape, bool)
    }
    for name in ("BAD", "SAT", "INTRP"):
        planes.setdefault(name, np.zeros(shape, bool))
    made = Exposure(
        image, fits.Header(), mask=Mask.from_flags(planes), variance=light.astype(np.float32)
    )
    return made.replaced(wcs=make_wcs())


def make_wcs() -> WCS:
    """Return a WCS of pixels of one arcsecond."""
    wcs = WCS(naxis=2)
    wcs.wcs.ctype = ["RA---TAN", "DEC--TAN"]
    wcs.wcs.crval, wcs.wcs.crpix = [40.0, -20.0], [64.5, 48.5]
    wcs.wcs.cd = np.array([[0.0, 1.0], [-1.0, 0.0]]) / 3600
    wcs.wcs.set()
    return wcs


LIGHT_SIGMA, LIGHT_NOISE = 1.8, 30.0


def draw_light(x: Any, y: Any, flux: Any, bad: Any = None, seed: int | None = None) -> Light:
    """Draw Gaussian points without sky, with noise if a seed is given; bad pixels are no numbers."""
    shape = 70, 80
    image = np.zeros(shape)
    rows, columns = np.mgrid[: shape[0], : shape[1]].astype(float)
    for each in zip(x, y, flux, strict=True):
        square = (columns - each[0]) ** 2 + (rows - each[1]) ** 2
        peak = each[2] / (2 * np.pi * LIGHT_SIGMA**2)
        image += peak * np.exp(-square / (2 * LIGHT_SIGMA**2))
    if seed is not None:
        image += np.random.default_rng(seed).normal(0, LIGHT_NOISE, shape)
    bad = np.zeros(shape, bool) if bad is None else bad
    image[bad] = np.nan
    variance = np.full(shape, LIGHT_NOISE**2, np.float32)
    return Light(image.astype(np.float32), variance, bad, (0, 0))


@pytest.fixture(scope="session")
def make_light() -> Callable[..., Light]:
    """Return a function that draws points of a standard deviation of 1.8 pixels."""
    return draw_light


@pytest.fixture(scope="session")
def make() -> Callable[..., Exposure]:
    return make_exposure


@pytest.fixture(scope="session")
def grid() -> Any:
    """Return a grid of stars: x, y, and fluxes from bright to faint."""
    y, x = (axis.ravel() for axis in np.mgrid[12:90:16, 12:120:16])
    rng = np.random.default_rng(3)
    x, y = x + rng.uniform(-2, 2, x.size), y + rng.uniform(-2, 2, y.size)
    return np.column_stack([x, y, np.geomspace(200000, 2000, x.size)])


@pytest.fixture(scope="session")
def survey(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with an exposure of four small chips, calibrations of two, and a reference catalog."""
    folder = tmp_path_factory.mktemp("survey")
    root = folder / "repo"
    (root / "CALIB").mkdir(parents=True)
    (root / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    raw = folder / "raw.fits"
    generate.exposure(VISIT, BAND, "small", compress=False, extensions=4).writeto(raw)
    calibs = str(root / "CALIB")
    masters = generate_calibs.write_masters(
        str(folder / "masters"), ["bias", "flat"], ["2014-02-20"], [BAND], CHIPS, "small"
    )
    generate_calibs.write_curated(str(folder / "curated"), ["defects"], CHIPS, "small")
    refcat.write_refcat(str(root / "ref_cats" / "invented"), [VISIT])
    assert ingest_images.main([str(root), str(raw)]) == 0
    assert (
        ingest_calibs.main(
            [str(root), *masters, "--calib", calibs, "--validity", "365", "--mode", "link"]
        )
        == 0
    )
    assert (
        ingest_curated.main(
            [str(root), str(folder / "curated" / "decam" / "defects"), "--calib", calibs]
        )
        == 0
    )
    return root


def make_config(**settings: Any) -> ProcessCcdConfig:
    """Return a configuration for the invented catalog; settings are named with __ for dots."""
    config = ProcessCcdConfig()
    config.calibrate.refCat = "invented"
    for name, value in settings.items():
        *path, last = name.split("__")
        part: Any = config
        for step in path:
            part = getattr(part, step)
        setattr(part, last, value)
    return config


@pytest.fixture(scope="session")
def open_survey(survey: Path) -> Callable[[Path], Butler]:
    """Return a function that opens an output of the repository."""
    inputs = {"root": str(survey), "mapperArgs": {"calibRoot": "CALIB"}}
    return lambda output: Butler(inputs=inputs, outputs={"root": str(output), "mode": "rw"})


@pytest.fixture
def run(open_survey: Callable[[Path], Butler], tmp_path: Path) -> Callable[..., Any]:
    """Return a function that processes a chip with settings into an output of its own."""

    def process(ccdnum: int = CHIPS[0], **settings: Any) -> Any:
        butler = open_survey(tmp_path / "out")
        task = ProcessCcdTask(config=make_config(**settings))
        return task, task.runDataRef(butler.dataRef("raw", visit=VISIT, ccdnum=ccdnum)), butler

    return process


@pytest.fixture(scope="session")
def processed(
    open_survey: Callable[[Path], Butler], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, tuple[Any, Any, Butler]]:
    """Process both chips, once: chip -> metadata, result, and a Butler of it. They are shared."""
    output = tmp_path_factory.mktemp("processed") / "out"
    done = {}
    for ccdnum in CHIPS:
        butler = open_survey(output)
        task = ProcessCcdTask(config=make_config(isr__doWrite=True))
        result = task.runDataRef(butler.dataRef("raw", visit=VISIT, ccdnum=ccdnum))
        done[ccdnum] = (task.getFullMetadata(), result, Butler(str(output)))
    return done
