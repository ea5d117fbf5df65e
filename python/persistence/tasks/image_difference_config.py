"""What can be set of the subtraction of templates."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import (
    ChoiceField,
    Config,
    ConfigChoiceField,
    ConfigField,
    ConfigurableField,
    Field,
    ListField,
    RangeField,
)

from persistence.tasks.difference.template import GetTemplateTask


class KernelConfig(Config):
    """The configuration of the matching kernel.

    Gen2's had no Gaussian of 6 pixels, and 25 pixels a side: the wings of stars of 14 mag, which
    the seeing brightens at large radii, then remain, and are detected.
    """

    kernelSize = RangeField(
        doc="The side of the kernel (pixels), odd.", dtype=int, default=41, min=5, max=61,
        inclusiveMax=True,
    )  # fmt: skip
    spatialKernelOrder = RangeField(
        doc="The order of the polynomial by which the kernel varies over the image.",
        dtype=int, default=2, min=0, max=4, inclusiveMax=True,
    )  # fmt: skip
    spatialBgOrder = RangeField(
        doc="The order of the polynomial of the level of the sky that is left.",
        dtype=int, default=1, min=0, max=4, inclusiveMax=True,
    )  # fmt: skip
    alardSigGauss = ListField[float](
        doc="Standard deviations of the Gaussian components of the kernel (pixels).",
        dtype=float, default=[0.7, 1.5, 3.0, 6.0], itemCheck=lambda sigma: sigma > 0,
    )  # fmt: skip
    alardDegGauss = ListField[int](
        doc="The degree of the polynomial that each Gaussian is multiplied with.",
        dtype=int, default=[4, 3, 2, 1], itemCheck=lambda degree: 0 <= degree <= 6,
    )  # fmt: skip
    nStampMax = RangeField(
        doc="How many stars the kernel is fitted to at most.", dtype=int, default=260, min=1
    )
    nStampMin = RangeField(
        doc="How many there have to be; with few, the kernel varies less.",
        dtype=int, default=3, min=1,
    )  # fmt: skip
    minSignalToNoise = RangeField(
        doc="Least ratio of signal to noise of these stars.", dtype=float, default=40.0, min=0.0
    )

    def validate(self) -> None:
        """Raise ValueError if widths and degrees of the kernel's Gaussians are not pairs."""
        super().validate()
        if len(self.alardSigGauss) != len(self.alardDegGauss):
            raise ValueError("alardSigGauss and alardDegGauss have to be equally long")


class AlardLuptonConfig(Config):
    """Subtraction by a kernel that is fitted to stars."""

    kernel: Any = ConfigField(dtype=KernelConfig, doc="The kernel.")


class ZogyConfig(Config):
    """Subtraction by both PSFs, in Fourier space."""

    tileSize = RangeField(
        doc="The side of the tiles in which the PSFs are treated as constant (pixels).",
        dtype=int, default=512, min=64,
    )  # fmt: skip


class DetectionConfig(Config):
    """How sources are found in a difference."""

    thresholdValue = RangeField(
        doc="The smallest signal-to-noise ratio of detections, of either sign.",
        dtype=float, default=5.5, min=1.0,
    )  # fmt: skip


class ImageDifferenceConfig(Config):
    """The configuration of the subtraction, and of the detection in the difference."""

    coaddName = Field[str](
        doc="What the names of the outputs begin with: deep of deepDiff_differenceExp.",
        dtype=str, default="deep",
    )  # fmt: skip
    getTemplate: Any = ConfigurableField(target=GetTemplateTask, doc="Reads the template.")
    subtract: Any = ConfigChoiceField(
        doc="How the template is subtracted: al (Alard & Lupton) or zogy (Zackay and others).",
        typemap={"al": AlardLuptonConfig, "zogy": ZogyConfig},
        default="al",
    )
    convolveTemplate = ChoiceField[str](
        doc="Which image is convolved: the sharper one (auto), the template or science.",
        dtype=str,
        default="auto",
        allowed={
            "auto": "the sharper one",
            "template": "the template",
            "science": "the science exposure",
        },
    )
    doDecorrelation = Field[bool](
        doc="Make the noise of neighbouring pixels independent again?", dtype=bool, default=True
    )
    binSize = RangeField(
        doc="About how long the sides of the bins are in which a level that is left is found "
        "(pixels).",
        dtype=int, default=128, min=16,
    )  # fmt: skip
    detection: Any = ConfigField(dtype=DetectionConfig, doc="How sources are found.")
    doScaleVariance = Field[bool](
        doc="Scale the variance to the observed scatter of the difference?",
        dtype=bool, default=True,
    )  # fmt: skip
    apertureRadii = ListField[float](
        doc="Radii of the apertures (pixels).", dtype=float, default=[3.0, 6.0, 12.0],
        itemCheck=lambda radius: radius > 0,
    )  # fmt: skip
    minDipoleRatio = RangeField(
        doc="The flux of a dipole's fainter side is this part of the brighter one's at least.",
        dtype=float, default=0.3, min=0.0, max=1.0,
    )  # fmt: skip
    maxPsfChi2 = RangeField(
        doc="The largest reduced chi squared of point sources.",
        dtype=float, default=3.0, min=1.0,
    )  # fmt: skip
    minPart = RangeField(
        doc="A difference that is less than this part of the brightest star within the width of "
        "the PSF, in either exposure, or than a quarter of that part within twice the width, is "
        "flagged (ip_diffim_Fault_flag): no kernel matches better.",
        dtype=float, default=0.01, min=0.0, max=1.0,
    )  # fmt: skip
    maxScoreScale = RangeField(
        doc="The largest ratio of the noise of a difference to that of its variance (standard "
            "deviations); beyond it, the template did not match.",
        dtype=float, default=1.5, min=1.0,
    )  # fmt: skip
    doWriteWarpedExp = Field[bool](doc="Write the warped template?", dtype=bool, default=True)
    doWriteMatchedExp = Field[bool](doc="Write the matched template?", dtype=bool, default=True)
    doWriteSources = Field[bool](doc="Write kernelSrc and diaSrc?", dtype=bool, default=True)
