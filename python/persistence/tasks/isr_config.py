"""The configuration of instrument signature removal.

The names are those of Gen2's ``ip_isr`` where it has them.
"""

from __future__ import annotations

from lsst.pex.config import ChoiceField, Config, DictField, Field, RangeField


class IsrConfig(Config):
    """The configuration of instrument signature removal: the steps applied to a raw image."""

    doOverscan = Field[bool](
        doc="Subtract the level of each amplifier's overscan?", dtype=bool, default=True
    )
    overscanFitType = ChoiceField[str](
        doc="How the level of the overscan is found.",
        dtype=str,
        default="MEDIAN",
        allowed={
            "MEDIAN": "one median for each amplifier",
            "MEDIAN_PER_ROW": "a median for each row of an amplifier",
            "MEAN_PER_ROW": "a mean for each row of an amplifier, without outliers",
            "POLY": "a polynomial through the medians of the rows",
        },
    )
    overscanOrder = RangeField(
        doc="Degree of that polynomial.", dtype=int, default=1, min=0, max=20
    )
    overscanSmoothing = RangeField(
        doc="Standard deviation of the Gaussian that smooths the levels of rows (rows): the noise "
        "of each is in its whole row. 0 leaves them as they are.",
        dtype=float, default=0.0, min=0.0, max=100.0,
    )  # fmt: skip
    doSaturation = Field[bool](
        doc="Flag pixels that reach the amplifier's saturation level as SAT?",
        dtype=bool,
        default=True,
    )
    growSaturation = RangeField(
        doc="The number of pixels by which SAT is grown, for charge that overflows from "
        "saturated pixels.",
        dtype=int,
        default=2,
        min=0,
    )
    gains = DictField[str, float](
        doc="Gains of amplifiers, by their names (electrons a count), instead of the header's.",
        keytype=str,
        itemtype=float,
        default={},
    )
    readNoises = DictField[str, float](
        doc="Read noises of amplifiers, by their names (electrons), instead of the header's.",
        keytype=str,
        itemtype=float,
        default={},
    )
    maxNoiseRatio = RangeField(
        doc="How many times its read noise an amplifier's overscan scatters at most; beyond, the "
        "amplifier is BAD.",
        dtype=float,
        default=5.0,
        min=1.0,
    )
    minLevelRatio = RangeField(
        doc="The least part of the light of the detector's other amplifiers that one has; below, "
        "it is BAD. 0 lets it be.",
        dtype=float,
        default=0.2,
        min=0.0,
        max=1.0,
    )
    edgeWidth = RangeField(
        doc="How many pixels from the edge of the detector are flagged as EDGE.",
        dtype=int,
        default=5,
        min=0,
    )
    doBias = Field[bool](doc="Subtract the master bias?", dtype=bool, default=True)
    doCrosstalk = Field[bool](
        doc="Correct crosstalk between amplifiers, with the dataset crosstalk?",
        dtype=bool,
        default=False,
    )
    doDark = Field[bool](
        doc="Subtract the master dark, scaled by the dark time?", dtype=bool, default=False
    )
    doFlat = Field[bool](doc="Divide by the master flat?", dtype=bool, default=True)
    doDefect = Field[bool](
        doc="Flag the pixels that the defects name as BAD?", dtype=bool, default=True
    )
    doInterpolate = Field[bool](
        doc="Fill BAD and SAT pixels with values between those of the nearest good ones in the "
        "row, and flag them as INTRP? Sources that have such pixels are flagged either way.",
        dtype=bool,
        default=True,
    )
    maxBadFraction = RangeField(
        doc="The largest fraction of a chip's pixels that may be bad; with more, the chip fails.",
        dtype=float,
        default=0.8,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )
    doWrite = Field[bool](doc="Write the result as postISRCCD?", dtype=bool, default=False)
