"""Gen2's name of `persistence.gen2types.camerageom.mosaic` and of related modules."""

from persistence.gen2types.camerageom.imagesources import (
    ButlerImage,
    FakeImageDataSource,
    calcRawCcdBBox,
    findAmp,
    makeImageFromCcd,
    rawCallback,
)
from persistence.gen2types.camerageom.mosaic import (
    getCcdInCamBBoxList,
    makeImageFromCamera,
    showCamera,
)
from persistence.gen2types.camerageom.plots import plotFocalPlane

__all__ = [
    "ButlerImage",
    "FakeImageDataSource",
    "calcRawCcdBBox",
    "findAmp",
    "getCcdInCamBBoxList",
    "makeImageFromCamera",
    "makeImageFromCcd",
    "plotFocalPlane",
    "rawCallback",
    "showCamera",
]
