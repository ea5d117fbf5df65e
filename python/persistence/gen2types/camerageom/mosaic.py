"""Images of a whole camera, by the names of afw's cameraGeom.utils."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from persistence.gen2types import exceptions
from persistence.gen2types.box import Box2D, Box2I
from persistence.gen2types.camerageom.camera import Camera
from persistence.gen2types.camerageom.detector import Detector
from persistence.gen2types.camerageom.imagesources import FakeImageDataSource
from persistence.gen2types.camerageom.systems import FOCAL_PLANE
from persistence.gen2types.coordinates import Extent2I, Point2I
from persistence.gen2types.imagemath.operations import rotateImageBy90
from persistence.gen2types.images.image import ImageF


def getCcdInCamBBoxList(
    ccdList: Iterable[Detector], binSize: int, pixelSize_o: Any, origin: Any
) -> list[Box2I]:
    """Return the boxes of detectors in an image of the camera.

    Parameters
    ----------
    ccdList : iterable of `Detector`
        The detectors.
    binSize : `int`
        The binning factor.
    pixelSize_o : `Extent2D`
        The sides of a pixel (mm).
    origin : `Point2D`
        The corner of the image in the focal plane, in pixels that are not binned.
    """
    boxes = []
    for detector in ccdList:
        about = Box2D()
        for corner in detector.getCorners(FOCAL_PLANE):
            about.include(corner)
        low = [
            math.floor((float(about.getMin()[axis]) / pixelSize_o[axis] - origin[axis]) / binSize)
            for axis in (0, 1)
        ]
        size = detector.getBBox().getDimensions()
        turned = detector.getOrientation().getNQuarter() % 2
        width, height = (
            int(side) // binSize for side in (reversed(list(size)) if turned else size)
        )
        boxes.append(Box2I(Point2I(*low), Extent2I(width, height)))
    return boxes


def placed(
    camera: Camera, names: Any = None, binSize: int = 1, bufferSize: int = 10
) -> tuple[Box2I, list[tuple[Detector, Box2I]]]:
    """Return the box of an image of a camera, and the position of each detector in it.

    Parameters
    ----------
    camera : `Camera`
        The camera.
    names : iterable of `str`, optional
        The detectors to show; by default all.
    binSize : `int`
        The binning factor.
    bufferSize : `int`
        The border (pixels that are not binned).
    """
    detectors = list(_chosen(camera, names))
    if not detectors:
        raise exceptions.NotFoundError(f"camera {camera.getName()} has no detector named {names}")
    size, about = detectors[0].getPixelSize(), Box2D()
    for detector in detectors:
        for corner in detector.getCorners(FOCAL_PLANE):
            about.include(corner)
    origin = [float(about.getMin()[axis]) / size[axis] - bufferSize for axis in (0, 1)]
    sides = [
        math.ceil((float(about.getDimensions()[axis]) / size[axis] + 2 * bufferSize) / binSize)
        for axis in (0, 1)
    ]
    boxes = getCcdInCamBBoxList(detectors, binSize, size, origin)
    return Box2I(Point2I(0, 0), Extent2I(*sides)), list(zip(detectors, boxes, strict=True))


def _chosen(camera: Camera, names: Any) -> Iterator[Detector]:
    wanted = None if names is None else set(names)
    return (each for each in camera if wanted is None or {each.getName(), each.getId()} & wanted)


def makeImageFromCamera(
    camera: Camera,
    detectorNameList: Any = None,
    background: float = np.nan,
    bufferSize: int = 10,
    imageSource: Any = None,
    imageFactory: Any = ImageF,
    binSize: int = 1,
) -> Any:
    """Return an image of the focal plane, with the image of each detector at its position.

    Detectors are turned by whole quarters.

    Parameters
    ----------
    camera : `Camera`
        The camera.
    detectorNameList : iterable of `str`, optional
        The detectors to show; by default all.
    background : `float`, optional
        The pixels around them.
    bufferSize : `int`, optional
        The border (pixels that are not binned).
    imageSource : optional
        Gives their images, as `ButlerImage` does.
    imageFactory : `type`, optional
        The type of the image.
    binSize : `int`, optional
        The binning factor.
    """
    whole, places = placed(camera, detectorNameList, binSize, bufferSize)
    mosaic = imageFactory(whole)
    mosaic.array[...] = background if mosaic.array.dtype.kind == "f" else 0
    source = FakeImageDataSource() if imageSource is None else imageSource
    for detector, box in places:
        image = source.getCcdImage(detector, imageFactory, binSize)[0]
        turned = rotateImageBy90(image, detector.getOrientation().getNQuarter())
        height, width = turned.array.shape
        rows = slice(box.beginY, min(box.beginY + height, whole.endY))
        columns = slice(box.beginX, min(box.beginX + width, whole.endX))
        part = turned.array[: rows.stop - rows.start, : columns.stop - columns.start]
        mosaic.array[rows, columns] = part
    return mosaic


def showCamera(
    camera: Camera,
    imageSource: Any = None,
    imageFactory: Any = ImageF,
    detectorNameList: Any = None,
    binSize: int = 10,
    bufferSize: int = 10,
    overlay: bool = True,
    title: str = "",
    showWcs: Any = None,
    ctype: Any = "green",
    textSize: float = 1.25,
    originAtCenter: bool = True,
    display: Any = None,
    **kwargs: Any,
) -> Any:
    """Return an image of the focal plane, and show it on a display, if one is given.

    Parameters
    ----------
    camera, imageSource, imageFactory, detectorNameList, binSize, bufferSize
        See `makeImageFromCamera`.
    overlay : `bool`, optional
        Whether to draw the edges and the names of the detectors.
    title : `str`, optional
        The title; by default the camera's name.
    showWcs, originAtCenter
        Ignored: the image has no WCS; accepted for compatibility with afw.
    ctype, textSize : optional
        Colour and size of the overlay.
    display : `Display`, optional
        Where it is shown.
    **kwargs
        More of `makeImageFromCamera`: ``background``.
    """
    mosaic = makeImageFromCamera(
        camera,
        detectorNameList,
        bufferSize=bufferSize,
        imageSource=imageSource,
        imageFactory=imageFactory,
        binSize=binSize,
        **kwargs,
    )
    if display is None:
        return mosaic
    display.mtv(mosaic, title=title or camera.getName())
    if overlay:
        _, places = placed(camera, detectorNameList, binSize, bufferSize)
        with display.Buffering():
            for detector, box in places:
                corners = [tuple(corner) for corner in Box2D(box).getCorners()]
                display.line([*corners, corners[0]], ctype=ctype)
                middle = Box2D(box).getCenter()
                display.dot(detector.getName(), *middle, ctype=ctype, size=textSize)
    return mosaic
