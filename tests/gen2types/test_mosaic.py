"""Images of a whole camera, and plots of its focal plane."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import lsst.afw.cameraGeom.utils as utils
from lsst.afw.cameraGeom import FOCAL_PLANE, Camera
from lsst.geom import Box2I, Extent2I, Point2D, Point2I
from persistence.cameras import installed
from persistence.errors import NoResults
from persistence.gen2types import wrap
from persistence.gen2types.display.display import Display
from persistence.gen2types.images.image import ImageF
from persistence.types.exposure.camera import Camera as OurCamera
from persistence.types.exposure.detector import Amplifier, Detector
from persistence.types.pixels.box import Box


def detector(number: int, x: float, yaw: float = 0.0) -> Detector:
    """Return a detector of 20 x 10 pixels of 0.1 mm, in two amplifiers, 1 mm from the axis."""
    halves = [
        Amplifier(
            name, data=Box(2 + 14 * place, 0, 10, 10), overscan=Box(12 + 14 * place, 0, 2, 10),
            prescan=Box(14 * place, 0, 2, 10), postscan=Box(0, 0, 0, 0),
            trimmed=Box(10 * place, 0, 10, 10), gain=2.0, flip_x=bool(place),
        )
        for place, name in enumerate("AB")
    ]  # fmt: skip
    return Detector(
        f"D{number}", number, amplifiers=tuple(halves), bbox=Box(0, 0, 20, 10),
        pixel_size=(0.1, 0.1), position=(x, 0.0), reference=(9.5, 4.5),
        orientation=(yaw, 0.0, 0.0),
    )  # fmt: skip


@pytest.fixture
def camera() -> Camera:
    made = wrap(OurCamera("small", (detector(1, -2.0), detector(2, 2.0, 90.0))))
    assert isinstance(made, Camera)
    return made


class Source:
    """Images whose pixels say where they lie in the focal plane: x + 1000 y (0.1 mm)."""

    def __init__(self, camera: Camera) -> None:
        self.camera = camera

    def getCcdImage(self, det: Any, imageFactory: Any, binSize: int) -> Any:
        image = imageFactory(det.getBBox())
        x, y = np.meshgrid(np.arange(20), np.arange(10))
        in_plane = det.astropy.to_focal_plane(x, y)
        image.array[...] = 10 * in_plane[0] + 1000 * np.round(10 * in_plane[1] - 0.5)
        return image, det


def test_pixels_of_detectors_lie_where_they_are_in_the_focal_plane(camera: Camera) -> None:
    """The second detector is turned by a quarter; the focal plane is shown as it is."""
    mosaic = utils.makeImageFromCamera(camera, bufferSize=0, imageSource=Source(camera))
    assert mosaic.array.shape == (20, 55)  # from -3 to 2.5 mm, and from -1 to 1
    x = np.arange(55) - 30 + 0.5
    for columns, rows in ((slice(0, 20), slice(5, 15)), (slice(45, 55), slice(0, 20))):
        part = mosaic.array[rows, columns]
        along = part - 1000 * np.round(part / 1000)
        assert np.allclose(along, x[columns][np.newaxis, :], atol=1e-3)
        y = np.arange(20)[rows] - 10
        assert np.allclose(np.round(part / 1000), y[:, np.newaxis])
    assert np.isnan(mosaic.array[:, 20:45]).all()


def test_a_mosaic_of_some_detectors_is_binned(camera: Camera) -> None:
    mosaic = utils.makeImageFromCamera(
        camera, ["D1"], background=-1.0, bufferSize=4, binSize=2, imageFactory=ImageF
    )
    assert mosaic.array.shape == (9, 14)
    assert np.unique(mosaic.array).tolist() == [-1, 1, 2]  # amplifiers, by number
    with pytest.raises(KeyError, match="no detector named"):
        utils.makeImageFromCamera(camera, ["X"])


def test_a_camera_is_shown_on_a_display(camera: Camera) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    display = Display(71, "matplotlib")
    mosaic = utils.showCamera(camera, binSize=1, title="seen", display=display)
    assert mosaic.array.shape == (40, 75)
    axes = pyplot.figure(71).gca()
    assert axes.get_title() == "seen"
    assert {text.get_text() for text in axes.texts} == {"D1", "D2"}
    pyplot.close(71)


def test_a_focal_plane_is_plotted(tmp_path: Path) -> None:
    pyplot = pytest.importorskip("matplotlib.pyplot")
    decam = wrap(installed.find("decam")().camera)
    path = tmp_path / "plane.png"
    figure = utils.plotFocalPlane(decam, 2, 2, dx=0.5, dy=0.5, showFig=True, savePath=str(path))
    axes = figure.gca()
    assert len(axes.patches) == 62
    assert {text.get_text() for text in axes.texts} == set(decam.getNameIter())
    corners = np.array([tuple(point) for point in decam["S4"].getCorners(FOCAL_PLANE)])
    drawn = axes.patches[27].get_xy()[:4]
    assert np.allclose(drawn, corners)
    (grid,) = axes.lines
    assert len(grid.get_xdata()) == 25
    assert path.stat().st_size > 10_000
    pyplot.close(figure)


class FakeButler:
    """A Butler of one raw, with the key of its camera."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw

    def getKeys(self, dataset_type: str) -> dict[str, type]:
        return {"visit": int, "ccdnum": int}

    def get(self, dataset_type: str, data_id: dict[str, Any]) -> Any:
        if data_id != {"visit": 7, "ccdnum": 1}:
            raise NoResults("No locations for get:", dataset_type, data_id, [])
        return self.raw


def test_raws_are_put_together_of_their_amplifiers(camera: Camera) -> None:
    raw = ImageF(28, 10)
    raw.array[...] = np.arange(28)
    raw.array[:, 12:14] = 3.0  # the overscan of A
    raw.array[:, 26:28] = 5.0
    butler = FakeButler(raw)
    callback = functools.partial(utils.rawCallback, subtractBias=True, correctGain=True)
    source = utils.ButlerImage(butler, "raw", visit=7, callback=callback, background=np.nan)
    image, _ = source.getCcdImage(camera[1])
    assert image.getBBox() == Box2I(Point2I(0, 0), Extent2I(20, 10))
    assert image.array[0, :10].tolist() == [2 * (number - 3) for number in range(2, 12)]
    assert image.array[0, 10:].tolist() == [2 * (number - 5) for number in range(25, 15, -1)]
    absent, _ = source.getCcdImage(camera[2])
    assert np.isnan(absent.array).all()
    plain = utils.ButlerImage(butler, "raw", visit=7).getCcdImage(camera[1], binSize=2)[0]
    assert plain.array.shape == (5, 14)


def test_amplifiers_are_found_by_a_pixel(camera: Camera) -> None:
    assert utils.findAmp(camera[1], Point2I(3, 3)).getName() == "A"
    assert utils.findAmp(camera[1], Point2D(12.2, 3.0)).getName() == "B"
    with pytest.raises(KeyError, match="is in no amplifier of detector D1"):
        utils.findAmp(camera[1], Point2I(30, 3))
    assert utils.calcRawCcdBBox(camera[1]) == Box2I(Point2I(0, 0), Extent2I(28, 10))
    assert utils.makeImageFromCcd(camera[1]).array[0, 15] == 2
