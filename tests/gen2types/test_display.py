"""Pictures: what the axes of matplotlib hold after afw's calls."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.visualization import ZScaleInterval, make_lupton_rgb

import lsst.afw.display as afwDisplay
import lsst.afw.display.rgb as afwRgb
import lsst.afw.display.utils as displayUtils
import lsst.afw.image as afwImage
from lsst.afw.geom import ellipses
from lsst.geom import Box2I, Extent2I, Point2I
from persistence.errors import MissingExtra, PersistenceError
from persistence.gen2types.display import colors
from persistence.gen2types.images import maskplanes

matplotlib = pytest.importorskip("matplotlib")
BOX = Box2I(Point2I(100, 50), Extent2I(30, 20))


@pytest.fixture(autouse=True)
def plt(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Return pyplot without a window; each test begins with afw's settings."""
    matplotlib.use("agg")
    from matplotlib import pyplot

    for name, value in {
        "_defaultBackend": "matplotlib", "_defaultFrame": 0, "_displays": {},
        "_defaultColors": dict(colors.DEFAULTS), "_defaultTransparency": {None: 70.0},
    }.items():  # fmt: skip
        monkeypatch.setattr(afwDisplay.Display, name, value)
    monkeypatch.setattr(maskplanes, "_planes", maskplanes.planes())
    yield pyplot
    pyplot.close("all")


@pytest.fixture
def exposure() -> Any:
    made = afwImage.ExposureF(BOX)
    made.image.array[:] = np.random.default_rng(4).normal(100, 10, (20, 30))
    made.image[110, 60] = np.nan
    made.mask[101, 52] = made.mask.getPlaneBitMask("BAD")
    made.mask[103, 54] = made.mask.getPlaneBitMask("DETECTED")
    return made


def test_an_exposure_is_shown_in_the_pixels_of_its_parent(plt: Any, exposure: Any) -> None:
    figure = plt.figure()
    display = afwDisplay.Display(frame=figure.number)
    display.mtv(exposure, title="a title")
    (axes,) = figure.axes
    assert plt.gca() is axes
    assert axes.get_title() == "a title"
    image, _mask = axes.images
    assert image.get_extent() == [99.5, 129.5, 49.5, 69.5]
    assert image.origin == "lower"
    np.testing.assert_array_equal(image.get_array().data, exposure.image.array)
    assert image.get_array().mask.sum() == 1  # what is not a number is not shown
    assert (axes.get_xlim(), axes.get_ylim()) == ((99.5, 129.5), (49.5, 69.5))
    assert image.get_cmap().name == "gray"
    text = axes.format_coord(101.2, 52)
    assert "BAD" in text
    assert f"{exposure.image[101, 52]:g}" in text


@pytest.mark.parametrize(
    ("data", "images"),
    [
        (lambda exposure: exposure, 2),
        (lambda exposure: exposure.maskedImage, 2),
        (lambda exposure: exposure.image, 1),
        (lambda exposure: exposure.mask, 1),
        (lambda exposure: exposure.variance, 1),
        (lambda exposure: exposure.image.array, 1),
        (lambda exposure: exposure.astropy, 2),
        (lambda exposure: afwImage.DecoratedImageF(exposure.image), 1),
    ],
)
def test_all_kinds_of_images_are_shown(data: Any, images: int, plt: Any, exposure: Any) -> None:
    afwDisplay.Display(1).mtv(data(exposure))
    assert len(plt.gca().images) == images


def test_what_is_no_image_is_refused(exposure: Any) -> None:
    display = afwDisplay.Display(1)
    with pytest.raises(TypeError, match="shows images, not a str"):
        display.mtv("calexp.fits")
    with pytest.raises(PersistenceError, match="no wcs for an exposure"):
        display.mtv(exposure, wcs=object())


def overlay(plt: Any) -> Any:
    """Return the colours of the mask that is shown."""
    return np.asarray(plt.gca().images[-1].get_array())


def test_planes_have_colours_and_transparency(plt: Any, exposure: Any) -> None:
    display = afwDisplay.Display(1)
    display.mtv(exposure)
    shown = overlay(plt)
    is_seen = pytest.approx(255 * 0.3, abs=0.6)  # 70 percent transparent
    assert shown[2, 1].tolist() == [255, 0, 0, is_seen]  # BAD: red
    assert shown[4, 3].tolist() == [0, 0, 255, is_seen]  # DETECTED: blue
    assert (shown[..., 3] != 0).sum() == 2
    display.setMaskTransparency(20)
    assert overlay(plt)[2, 1, 3] == 204
    display.setMaskTransparency(0, "BAD")
    assert overlay(plt)[2, 1, 3] == 255
    assert overlay(plt)[4, 3, 3] == 204
    assert (display.getMaskTransparency(), display.getMaskTransparency("BAD")) == (20, 0)
    display.setMaskPlaneColor("BAD", afwDisplay.ORANGE)
    assert overlay(plt)[2, 1].tolist() == [255, 165, 0, 255]
    display.setMaskPlaneColor({"BAD": afwDisplay.IGNORE, "DETECTED": "YELLOW"})
    assert overlay(plt)[2, 1, 3] == 0
    assert overlay(plt)[4, 3].tolist() == [255, 255, 0, 204]
    assert display.getMaskPlaneColor("DETECTED") == "YELLOW"


def test_planes_without_a_colour_get_one(plt: Any, exposure: Any) -> None:
    exposure.mask.addMaskPlane("STREAK")
    exposure.mask[105, 55] = exposure.mask.getPlaneBitMask("STREAK")
    display = afwDisplay.Display(1)
    display.mtv(exposure)
    assert display.getMaskPlaneColor("STREAK") == "red"
    assert overlay(plt)[5, 5, :3].tolist() == [255, 0, 0]
    assert overlay(plt)[5, 5, 3] > 0


def test_settings_hold_for_displays_to_come(plt: Any, exposure: Any) -> None:
    afwDisplay.setDefaultMaskTransparency(50)
    afwDisplay.setDefaultMaskPlaneColor("BAD", "cyan")
    afwDisplay.Display(1).mtv(exposure)
    assert overlay(plt)[2, 1].tolist() == [0, 255, 255, 128]


@pytest.mark.parametrize(
    ("words", "limits"),
    [
        (("linear", "minmax"), lambda good: (good.min(), good.max())),
        (("linear", "zscale"), lambda good: ZScaleInterval().get_limits(good)),
        (("asinh", "zscale"), lambda good: ZScaleInterval().get_limits(good)),
        (("linear", 80, 150), lambda good: (80, 150)),
        (("linear", 5, 95, "Percent"), lambda good: np.percentile(good, (5, 95))),
    ],
)
@pytest.mark.parametrize("first", ["scale", "mtv"])
def test_brightness_is_scaled_before_or_after(
    words: Any, limits: Any, first: str, plt: Any, exposure: Any
) -> None:
    display = afwDisplay.Display(1)
    for verb in ("scale", "mtv") if first == "scale" else ("mtv", "scale"):
        getattr(display, verb)(*(words if verb == "scale" else (exposure,)))
    norm = plt.gca().images[0].norm
    good = exposure.image.array[np.isfinite(exposure.image.array)]
    assert (norm.vmin, norm.vmax) == pytest.approx(tuple(limits(good)), rel=1e-5)
    middle = float(norm((norm.vmin + norm.vmax) / 2))
    # asinh(Q / 2) / asinh(Q) with Q = 8
    expected = np.arcsinh(4) / np.arcsinh(8) if words[0] == "asinh" else 0.5
    assert middle == pytest.approx(expected, abs=1e-6)


@pytest.mark.parametrize(
    "words", [("asin", "zscale"), ("linear", "zsale"), ("linear", 3), ("linear", 1, 2, "Furlong")]
)
def test_a_scale_that_is_not_known_is_refused(words: Any) -> None:
    with pytest.raises(PersistenceError, match="scale"):
        afwDisplay.Display(1).scale(*words)


def test_symbols_are_drawn_and_erased(plt: Any, exposure: Any) -> None:
    display = afwDisplay.Display(1)
    display.mtv(exposure)
    axes = plt.gca()
    with display.Buffering():
        display.dot("+", 110, 60, size=3, ctype="red")
        display.dot("o", 10, 5, size=4, ctype=afwDisplay.GREEN, origin=afwImage.LOCAL)
        display.dot("x", 115, 61)
        display.dot("*", 115, 61)
        display.dot("hello", 120, 62, ctype="RED", textAngle=90)
        display.dot(5, 121, 62)
        display.dot("@:9,0,4", 112, 63)
        display.dot(ellipses.Quadrupole(9, 4, 0), 112, 63)
        display.line([(101, 51), (110, 51), (110, 60)], ctype="orange")
        display.line([(101, 51), (110, 51)], symbs="ox")
    assert len(axes.lines) == 2 + 2 + 4 + 1 + 2
    across, up = axes.lines[:2]
    assert (list(across.get_xdata()), list(across.get_ydata())) == ([107, 113], [60, 60])
    assert list(up.get_ydata()) == [57, 63]
    assert across.get_color() == "red"
    circle, first, second, _ = axes.patches
    assert (circle.center, circle.radius) == ((110, 55), 4)
    for ellipse in (first, second):
        assert (ellipse.width, ellipse.height, ellipse.angle) == (6, 4, 0)
    assert [text.get_text() for text in axes.texts] == ["hello", "5"]
    assert axes.texts[0].get_rotation() == 90
    assert list(axes.lines[8].get_xdata()) == [101, 110, 110]
    assert axes.get_xlim() == (99.5, 129.5)  # as it was
    display.erase()
    assert not (axes.lines)
    assert not (axes.patches)
    assert not (axes.texts)
    assert len(axes.images) == 2


def test_a_part_is_seen(plt: Any, exposure: Any) -> None:
    display = afwDisplay.Display(1)
    display.mtv(exposure)
    axes = plt.gca()
    display.zoom(4, 110, 60)
    assert (axes.get_xlim(), axes.get_ylim()) == ((105, 115), (55, 65))
    display.pan(120, 55)
    assert (axes.get_xlim(), axes.get_ylim()) == ((115, 125), (50, 60))
    display.zoom(2)
    assert axes.get_xlim() == (110, 130)
    display.pan(10, 5, origin=afwImage.LOCAL)
    assert axes.get_xlim() == (100, 120)
    with pytest.raises(PersistenceError):
        display.zoom(0)
    with pytest.raises(PersistenceError):
        display.zoom(2, 3)


def test_displays_are_known_by_their_frames(plt: Any, exposure: Any) -> None:
    first = afwDisplay.getDisplay(3)
    assert afwDisplay.getDisplay(frame=3) is first
    assert afwDisplay.Display(3) is not first
    assert str(first) == "Display[3]"
    afwDisplay.mtv(exposure, frame=3, title="here")
    afwDisplay.dot("+", 110, 60, frame=3)
    assert plt.figure(3).axes[0].get_title() == "here"
    assert len(plt.figure(3).axes[0].lines) == 2
    figure, axes = plt.subplots(1, 2)
    plt.sca(axes[0])
    afwDisplay.Display(frame=figure).mtv(exposure)
    assert len(axes[0].images) == 2
    assert not axes[1].images
    assert afwDisplay.incrDefaultFrame() == 1
    afwDisplay.Display.delAllDisplays()
    assert not plt.get_fignums() or figure.number in plt.get_fignums()


def test_a_picture_is_written(tmp_path: Path, exposure: Any) -> None:
    display = afwDisplay.Display(1, dpi=50)
    display.mtv(exposure)
    display.show_colorbar()
    display.show()  # which has no window
    display.savefig(tmp_path / "picture.png")
    assert (tmp_path / "picture.png").read_bytes()[1:4] == b"PNG"
    with pytest.raises(AttributeError, match="did you mean 'scale'"):
        display.scal("linear", "zscale")


@pytest.mark.parametrize("backend", ["ds9", "firefly", "lsst.display.firefly", "ginga"])
def test_a_device_of_the_stack_says_what_it_needs(backend: str) -> None:
    for ask in (afwDisplay.setDefaultBackend, lambda name: afwDisplay.Display(1, name)):
        with pytest.raises(ImportError, match=r"it needs .*setDefaultBackend"):
            ask(backend)
    with pytest.raises(RuntimeError, match="did you mean 'matplotlib'"):
        afwDisplay.setDefaultBackend("matplotlb")


def test_the_virtual_device_shows_nothing(plt: Any, exposure: Any) -> None:
    afwDisplay.setDefaultBackend("virtualDevice")
    display = afwDisplay.Display(1)
    display.mtv(exposure)
    display.scale("asinh", "zscale")
    display.dot("+", 1, 2)
    display.zoom(3, 4, 5)
    with display.Buffering():
        display.line([(1, 2), (3, 4)])
    display.erase()
    assert plt.get_fignums() == []


def test_without_matplotlib_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"gen2-butler\[plot\]"):
        afwDisplay.Display(1)


def bands() -> list[Any]:
    rng = np.random.default_rng(8)
    return [afwImage.ImageF(rng.normal(10, 5, (6, 7)).astype(np.float32)) for _ in range(3)]


def test_colour_images_are_astropys(tmp_path: Path, plt: Any) -> None:
    images = bands()
    arrays = [image.array.astype(float) for image in images]
    expected = make_lupton_rgb(*arrays, minimum=2.0, stretch=20.0, Q=8)
    path = tmp_path / "rgb.png"
    made = afwRgb.makeRGB(*images, minimum=2.0, dataRange=20.0, Q=8, fileName=str(path))
    np.testing.assert_array_equal(made, expected)
    np.testing.assert_array_equal(afwRgb.AsinhMapping(2.0, 20.0, 8).makeRgbImage(*images), expected)
    masked = [afwImage.makeMaskedImage(image) for image in images]
    np.testing.assert_array_equal(afwRgb.makeRGB(*masked, minimum=2.0, dataRange=20.0), expected)
    # the first row is at the bottom of the picture
    picture = (plt.imread(path)[::-1, :, :3] * 255).round().astype(np.uint8)
    np.testing.assert_array_equal(picture, expected)
    assert afwRgb.AsinhZScaleMapping(images).makeRgbImage(*images).shape == (6, 7, 3)
    assert afwRgb.AsinhZScaleMapping(images[0]).makeRgbImage(*images).dtype == np.uint8
    linear = afwRgb.LinearMapping(image=images[0]).makeRgbImage(*[images[0]] * 3)
    assert (linear.min(), linear.max()) == (0, 255)
    with pytest.raises(IndexError):
        afwRgb.makeRGB(images[0], images[1], afwImage.ImageF(2, 2))
    afwRgb.displayRGB(made, show=False, title="rgb")
    assert plt.gca().get_title() == "rgb"


def test_boxes_are_drawn_around_pixels(plt: Any, exposure: Any) -> None:
    display = afwDisplay.Display(1)
    display.mtv(exposure)
    part = Box2I(Point2I(110, 60), Extent2I(3, 2))
    displayUtils.drawBBox(part, borderWidth=0.5, display=display, ctype="red")
    (line,) = plt.gca().lines
    assert list(line.get_xdata()) == [109.5, 109.5, 112.5, 112.5, 109.5]
    assert list(line.get_ydata()) == [59.5, 61.5, 61.5, 59.5, 59.5]


def test_a_mosaic_has_images_side_by_side() -> None:
    mosaic = displayUtils.Mosaic(gutter=1, background=-1)
    for number in range(3):
        mosaic.append(afwImage.ImageF(2, 2, number), str(number))
    image = mosaic.makeMosaic()
    assert image.array.tolist() == [
        [0, 0, -1, 1, 1], [0, 0, -1, 1, 1], [-1] * 5, [2, 2, -1, -1, -1], [2, 2, -1, -1, -1],
    ]  # fmt: skip
    assert mosaic.getBBox(2) == Box2I(Point2I(0, 3), Extent2I(2, 2))
    row = displayUtils.Mosaic(gutter=0, mode="x").makeMosaic([afwImage.ImageF(2, 1)] * 3)
    assert tuple(row.getDimensions()) == (6, 1)


def test_modules_are_there_without_their_import() -> None:
    assert afwDisplay.utils.Mosaic is displayUtils.Mosaic
    assert afwDisplay.rgb.makeRGB is afwRgb.makeRGB
    assert afwImage.utils.defineFilter
