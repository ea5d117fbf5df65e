"""The configuration of instrument signature removal.

The names are those of Gen2's ``ip_isr`` where it has them.
"""

from __future__ import annotations

from lsst.pex.config import ChoiceField, Config, Field, RangeField


class IsrConfig(Config):
    """What is done to a raw image."""

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
            "POLY": "a polynomial through the medians of the rows",
        },
    )
    overscanOrder = RangeField(
        doc="Degree of that polynomial.", dtype=int, default=1, min=0, max=20
    )
    doSaturation = Field[bool](
        doc="Flag pixels that reach the amplifier's saturation level as SAT?",
        dtype=bool,
        default=True,
    )
    doBias = Field[bool](doc="Subtract the master bias?", dtype=bool, default=True)
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
        doc="The largest part of a chip's pixels that may be bad; with more, the chip is given up.",
        dtype=float,
        default=0.8,
        min=0.0,
        max=1.0,
        inclusiveMax=True,
    )
    doWrite = Field[bool](doc="Write the result as postISRCCD?", dtype=bool, default=False)
