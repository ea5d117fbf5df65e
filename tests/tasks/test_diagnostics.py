"""Pictures of the steps of processCcd show what is there."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Exposure
from persistence.drawing import figures
from persistence.drawing.figures import Sides
from persistence.tasks import diagnostics, matched, psf_stacks
from persistence.tasks.diagnostics import Shown
from persistence.tasks.matched import Matched
from persistence.types.exposure.photocalib import PhotoCalib
from persistence.types.fields.background import Background, BackgroundList, Surface
from persistence.types.pixels.box import Box
from persistence.types.pixels.mask import Mask
from persistence.types.psf.psf import GaussianPsf
from persistence.types.table.catalog import Catalog

pytest.importorskip("matplotlib", reason="pip install '.[plot]'")

VISIT = 410877
PSF = GaussianPsf((31, 31), 1.5)


def exposure_of(x: Any, y: Any, fluxes: Any, shape: tuple[int, int] = (90, 120)) -> Exposure:
    """Return an exposure without noise in which each star is the PSF itself."""
    image = np.zeros(shape)
    for stamp, column, row, flux in zip(PSF.stamps(x, y, 10), x, y, fluxes, strict=True):
        left, low = int(np.floor(column + 0.5)) - 10, int(np.floor(row + 0.5)) - 10
        image[low : low + 21, left : left + 21] += flux * stamp
    mask = Mask.from_flags({"BAD": np.zeros(shape, bool), "CR": np.zeros(shape, bool)})
    return Exposure(image, fits.Header(), mask=mask, variance=np.ones(shape)).replaced(psf=PSF)


def catalog_of(x: Any, y: Any) -> Catalog:
    table = Catalog(meta={"aliases": {"slot_Centroid": "centre"}})
    table["centre_x"], table["centre_y"] = np.asarray(x), np.asarray(y)
    table["calib_psf_used"] = np.ones(len(x), bool)
    return table


X, Y = np.array([20.3, 22.0, 60.4, 100.7]), np.array([15.0, 15.2, 45.1, 75.6])
X[1] = 60.0
FLUXES = np.array([1000.0, 500.0, 3000.0, 20.0])


def test_stars_that_are_the_model_leave_nothing() -> None:
    grid = psf_stacks.grid(exposure_of(X, Y, FLUXES), catalog_of(X, Y), PSF)
    numbers = [[cell.number for cell in row] for row in grid]
    assert numbers == [[1, 1, 0], [0, 1, 0], [0, 0, 1]]
    for row in grid:
        for cell in row:
            if cell.number:
                assert np.abs(cell.residual).max() < 1e-12
                assert np.allclose(cell.stars, cell.model)
                assert cell.model.max() == pytest.approx(1 / (2 * np.pi * 1.5**2), rel=0.15)


def test_a_star_wider_than_the_model_leaves_a_ring() -> None:
    made = exposure_of(X, Y, FLUXES)
    (cell, *_), *_ = psf_stacks.grid(made, catalog_of(X, Y), GaussianPsf((31, 31), 1.3))
    middle = len(cell.residual) // 2
    assert cell.residual[middle, middle] < 0 < cell.residual[middle, middle + 3]


def test_bad_pixels_and_edges_are_left_out() -> None:
    made = exposure_of(X, Y, FLUXES)
    made.image[14:17, 21:23] = 1e6
    made.mask.array[14:17, 21:23] = 1 << made.mask.planes["CR"]  # type: ignore[union-attr]
    (cell, *_), *_ = psf_stacks.grid(made, catalog_of(X, Y), PSF)
    assert np.abs(cell.residual).max() < 1e-12
    made.image[:11, :11] = PSF.stamps(np.zeros(1), np.zeros(1), 10)[0, 10:, 10:]
    at_edge = catalog_of([0.0, -50.0], [0.0, 200.0])
    (cell, *_), *_ = psf_stacks.grid(made, at_edge, PSF)
    assert cell.number == 1
    assert np.abs(cell.residual).max() < 1e-12


@pytest.mark.parametrize("missing", ["psf", "sources", "flag", "used"])
def test_without_stars_the_picture_says_so(missing: str) -> None:
    made, sources = exposure_of(X, Y, FLUXES), catalog_of(X, Y)
    if missing == "flag":
        sources.remove_column("calib_psf_used")
    if missing == "used":
        sources["calib_psf_used"] = False
    if missing == "psf":
        made = made.replaced(psf=None)
    shown = Shown("visit=1", made, None if missing == "sources" else sources)
    figure = diagnostics.PICTURES["charImage_plotPsf"](shown)
    (axes,) = figure.axes
    assert [text.get_text() for text in axes.texts] == ["no stars were used for the PSF"]
    assert figure.get_suptitle() == "PSF: visit=1"


def matched_of(**changed: Any) -> Matched:
    rng = np.random.default_rng(1)
    number = 40
    magnitude = np.linspace(16, 20, number)
    parts: dict[str, Any] = {
        "x": rng.uniform(0, 119, number), "y": rng.uniform(0, 89, number),
        "east": np.full(number, 0.010), "north": np.zeros(number), "magnitude": magnitude,
        "flux": 10 ** (0.4 * (30.0 - magnitude)), "flux_error": np.full(number, 5.0),
        "astrometry_used": np.arange(number) != 3, "photometry_used": np.arange(number) != 5,
    }  # fmt: skip
    return Matched(**{**parts, **changed})


def test_arrows_point_along_the_chip(make: Callable[..., Exposure]) -> None:
    # x grows to the south, y to the east, in this WCS
    shown = Shown("visit=1", make([]), matched=matched_of())
    chip, about = diagnostics.PICTURES["calibrate_plotAstrometry"](shown).axes
    (arrows,) = (each for each in chip.collections if type(each).__name__ == "Quiver")
    assert len(arrows.U) == 39
    assert np.allclose(arrows.U, 0, atol=1e-3)
    assert np.allclose(arrows.V, 10, rtol=1e-4)
    assert "arrow below: 10 mas" in chip.get_title()
    assert about.get_title().startswith("median +10.0 east, +0.0 north")
    assert (about.get_xlabel(), about.get_ylabel()) == ("east (mas)", "north (mas)")


def test_residuals_of_the_zero_point_are_those_of_the_stars(make: Callable[..., Exposure]) -> None:
    pairs = matched_of()
    pairs.flux[10] *= 10 ** (0.4 * 0.05)  # 50 mmag too bright
    made = make([]).replaced(photo_calib=PhotoCalib.from_zero_point(30.0, 0.001))
    figure = diagnostics.PICTURES["calibrate_plotZeroPoint"](Shown("v", made, matched=pairs))
    chip, against, _bar = figure.axes
    shown = np.asarray(chip.collections[0].get_array())
    assert len(shown) == 39
    assert shown.min() == pytest.approx(-50, abs=0.1)
    assert np.abs(np.delete(shown, shown.argmin())).max() < 0.01
    assert against.get_ylabel() == "star less reference (mmag)"
    assert figure.get_suptitle() == "Zero point 30.000 mag: v"


def test_the_sky_is_that_of_the_background(make: Callable[..., Exposure]) -> None:
    box, flags = Box(0, 0, 128, 96), Mask.from_flags({"BAD": np.zeros((3, 4), bool)})
    layer = Background(np.full((3, 4), 250.0), np.full((3, 4), 16.0), flags, box, Surface(5, 1))
    shown = Shown("v", make([]), background=BackgroundList((layer,)))
    figure = diagnostics.PICTURES["charImage_plotSky"](shown)
    level, noise = (axes for axes in figure.axes if axes.get_title())
    assert np.allclose(level.images[0].get_array(), 250)
    assert np.allclose(noise.images[0].get_array(), 4)
    assert "median 250" in level.get_title()


def test_the_mask_is_drawn_with_the_part_of_each_plane() -> None:
    shape = (1500, 300)
    flags = {
        "BAD": np.zeros(shape, bool),
        "CR": np.zeros(shape, bool),
        "SAT": np.zeros(shape, bool),
    }
    flags["BAD"][:, 100] = True
    flags["CR"][700, 250] = True
    image = np.random.default_rng(1).normal(0, 1, shape)
    made = Exposure(image, fits.Header(), mask=Mask.from_flags(flags))
    figure = diagnostics.PICTURES["charImage_plotMask"](Shown("v", made))
    (axes,) = figure.axes
    texts = [text.get_text() for text in figure.legends[0].get_texts()]
    assert texts == ["BAD  0.333%", "CR  0.000222%"]
    picture = axes.images[0].get_array()
    assert picture.shape == (500, 100, 3)  # three pixels in one
    coloured = np.ptp(picture, axis=2) > 12
    assert coloured[:, 33].all()
    assert coloured[700 // 3, 250 // 3]  # one pixel of a cosmic ray is seen
    assert coloured.sum() == 501


NOTHING = {
    "charImage_plotSky": Shown("v", SimpleNamespace()),  # type: ignore[arg-type]
    "charImage_plotMask": Shown("v", SimpleNamespace(mask=None)),  # type: ignore[arg-type]
    "calibrate_plotZeroPoint": Shown("v", SimpleNamespace(photo_calib=None)),  # type: ignore[arg-type]
    "calibrate_plotAstrometry": Shown("v", SimpleNamespace()),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("name", NOTHING)
def test_after_a_step_that_was_left_out_there_is_no_picture(name: str) -> None:
    assert diagnostics.PICTURES[name](NOTHING[name]) is None


@pytest.mark.parametrize("left", ["astrometry_used", "photometry_used"])
def test_three_stars_and_none_used_make_pictures(make: Callable[..., Exposure], left: str) -> None:
    pairs = matched_of(**{left: None})
    few = Matched(*(None if part is None else part[:3] for part in vars(pairs).values()))
    made = make([]).replaced(photo_calib=PhotoCalib.from_zero_point(30.0))
    for name in ("calibrate_plotZeroPoint", "calibrate_plotAstrometry"):
        figure = diagnostics.PICTURES[name](Shown("v", made, matched=few))
        figure.draw_without_rendering()
        assert figure.axes


def test_every_picture_is_a_dataset_that_reads_back(
    run: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[Shown] = []

    def draw(shown: Shown) -> Any:
        drawn.append(shown)
        made = figures.figure(0.4, 0.3, "")
        made.subplots().set_axis_off()
        return made

    monkeypatch.setattr(diagnostics, "PICTURES", dict.fromkeys(diagnostics.PICTURES, draw))
    _task, result, butler = run(doPlot=True, charImage__doPlot=True)
    for name in diagnostics.PICTURES:
        assert butler.get(name, visit=VISIT, ccdnum=25).shape == (30, 40, 4)
        assert butler.getUri(name, visit=VISIT, ccdnum=25).endswith(".png")
    assert len(drawn) == len(diagnostics.PICTURES)  # each once, whoever was asked
    assert drawn[0].title == "visit=410877 ccdnum=25 filter=g"
    assert drawn[0].background is result.background
    assert drawn[-1].matched is not None
    assert len(drawn[-1].matched) == len(result.calibRes.matches)


def test_pictures_are_drawn_of_a_processed_exposure(processed: Any) -> None:
    result = processed[25][1]
    pairs = matched.of_result(result.calibRes)
    shown = Shown("v", result.exposure, result.charRes.sourceCat, result.background, pairs)
    for picture in diagnostics.PICTURES.values():
        assert len(picture(shown).axes) >= 1


def test_sides_are_those_of_the_outermost_pixels(make: Callable[..., Exposure]) -> None:
    assert Shown("v", make([])).sides == Sides(-0.5, 127.5, -0.5, 95.5)
