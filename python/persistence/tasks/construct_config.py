"""What can be set of the construction of master calibrations."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import (
    ChoiceField,
    Config,
    ConfigField,
    ConfigurableField,
    Field,
    ListField,
    RangeField,
)

from persistence.tasks.isr import IsrTask


class CombineConfig(Config):
    """How images become one."""

    combine = ChoiceField[str](
        doc="How the pixels of the inputs are combined.",
        dtype=str,
        default="MEANCLIP",
        allowed={
            "MEANCLIP": "their mean, without those that are cut off",
            "MEAN": "their mean",
            "MEDIAN": "their median",
        },
    )
    clip = RangeField(
        doc="The threshold of clipping, in standard deviations from the median (MEANCLIP). With "
        "five inputs, 3 increases the variance of the mean by 5%.",
        dtype=float,
        default=4.0,
        min=0.0,
        inclusiveMin=False,
    )


class ConstructConfig(Config):
    """The configuration that all constructions of calibrations share."""

    isr: Any = ConfigurableField(
        target=IsrTask, doc="Removes the instrument's signature from the inputs."
    )
    combination: Any = ConfigField(dtype=CombineConfig, doc="How they are combined.")
    minInputs = RangeField(
        doc="The smallest number of inputs. With fewer than three, deviating ones cannot be "
        "identified.",
        dtype=int,
        default=3,
        min=1,
    )
    obsTypes = ListField[str](
        doc="The kinds of exposures that are inputs: bias, dark, flat, science (by OBSTYPE). "
        "Others are excluded, with a warning. Empty: all.",
        dtype=str,
        default=[],
    )
    maxExposureTime = Field[float](
        doc="The longest exposure that is an input (s); longer ones are left out, with a warning.",
        dtype=float,
        default=None,
        optional=True,
    )
    requireSameExposureTime = Field[bool](
        doc="Is it an error if inputs have different exposure times? Otherwise it is a warning.",
        dtype=bool,
        default=False,
    )
    maxDeviation = RangeField(
        doc="How many times as far as the others do an input's large-scale structure, and the "
        "scatter of its pixels beyond theirs, deviate at most; it is left out otherwise, with a "
        "warning.",
        dtype=float,
        default=5.0,
        min=1.0,
    )
    maxNoiseRatio = RangeField(
        doc="How many times as much as those of the others do the pixels of an input scatter at "
        "most; it is left out otherwise, with a warning.",
        dtype=float,
        default=1.5,
        min=1.0,
    )
    maxBadInputs = RangeField(
        doc="The largest part of the inputs in which a pixel may be bad; beyond, it is BAD in the "
        "master, and not a number.",
        dtype=float,
        default=0.5,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )

    def setDefaults(self) -> None:
        """Set defaults: inputs without the calibration that is created, nor interpolation."""
        super().setDefaults()
        self.isr.doBias = self.isr.doFlat = self.isr.doDefect = self.isr.doInterpolate = False


class BiasConfig(ConstructConfig):
    """The configuration of master biases."""

    def setDefaults(self) -> None:
        """Set defaults: inputs are biases."""
        super().setDefaults()
        self.obsTypes = ["bias"]
        self.maxExposureTime = 0.0


class FlatConfig(ConstructConfig):
    """The configuration of master flats."""

    normalize = ChoiceField[str](
        doc="What has the level 1 in a master.",
        dtype=str,
        default="FOCAL_PLANE",
        allowed={
            "FOCAL_PLANE": "the mean of the detectors of the command: they keep their relative "
            "sensitivity",
            "DETECTOR": "each detector by itself",
        },
    )
    minLevel = RangeField(
        doc="The least light that an input has (electrons, the median); with less it is left out, "
        "with a warning.",
        dtype=float,
        default=1000.0,
        min=0.0,
    )
    maxSaturated = RangeField(
        doc="The largest part of an input's pixels that may be saturated; with more it is left "
        "out, with a warning.",
        dtype=float,
        default=0.1,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )

    def setDefaults(self) -> None:
        """Set defaults: inputs are flats, with bias subtraction."""
        super().setDefaults()
        self.obsTypes = ["flat"]
        self.isr.doBias = True


class DefectsConfig(FlatConfig):
    """How defects are found."""

    nSigmaBright = RangeField(
        doc="How many standard deviations above its neighbours a pixel of the combined darks or "
        "biases is hot.",
        dtype=float,
        default=5.0,
        min=0.0,
    )
    minBright = RangeField(
        doc="The electrons above its neighbours that a hot pixel has at least, in the combined "
        "darks or biases.",
        dtype=float,
        default=50.0,
        min=0.0,
    )
    nSigmaDark = RangeField(
        doc="How many standard deviations from its neighbours a pixel of the combined flats is "
        "bad.",
        dtype=float,
        default=5.0,
        min=0.0,
    )
    minResponse = RangeField(
        doc="The least part of its neighbours' light that a good pixel has in the flats.",
        dtype=float,
        default=0.8,
        min=0.0,
        max=1.0,
    )
    maxResponse = RangeField(
        doc="The most, likewise.",
        dtype=float,
        default=1.2,
        min=1.0,
    )
    nSigmaColumn = RangeField(
        doc="How many standard deviations, of the columns, the median of an amplifier's column is "
        "from its neighbours' where all of the column is bad.",
        dtype=float,
        default=10.0,
        min=0.0,
    )
    minColumnDeviation = RangeField(
        doc="The least deviation of a bad column's median: a part of the light in flats, and that "
        "part of minBright in darks and biases.",
        dtype=float,
        default=0.05,
        min=0.0,
    )
    maxBadColumn = RangeField(
        doc="The largest part of an amplifier's column that may be bad; beyond, all of it is.",
        dtype=float,
        default=0.3,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )
    maxDefects = RangeField(
        doc="The largest part of the pixels that may be defects; with more, the inputs, or the "
        "thresholds, are wrong. A chip of two amplifiers may have a dead one.",
        dtype=float,
        default=0.6,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )

    def setDefaults(self) -> None:
        """Set defaults: inputs are biases, darks and flats; hot pixels are kept, and not grown."""
        super().setDefaults()
        self.obsTypes = ["bias", "dark", "flat"]
        self.isr.growSaturation = 0
        self.isr.doBias = False
        self.normalize = "DETECTOR"
