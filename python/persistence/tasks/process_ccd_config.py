"""What can be set of the processing of raw exposures."""

from __future__ import annotations

from typing import Any

from lsst.pex.config import Config, ConfigurableField, Field

from persistence.errors import UsageError
from persistence.tasks.calibrate import CalibrateTask
from persistence.tasks.char_image import CharacterizeImageTask
from persistence.tasks.isr import IsrTask
from persistence.tasks.summary import ComputeExposureSummaryStatsTask


class ProcessCcdConfig(Config):
    """Which tasks process a detector's exposure, and how."""

    isr: Any = ConfigurableField(target=IsrTask, doc="Removes the instrument's signature.")
    charImage: Any = ConfigurableField(
        target=CharacterizeImageTask, doc="Finds sky, PSF and bright sources."
    )
    calibrate: Any = ConfigurableField(
        target=CalibrateTask, doc="Finds all sources, and calibrates."
    )
    doCalibrate = Field[bool](
        doc="Calibrate? Without, there are icSrc, but no calexp and src.", dtype=bool, default=True
    )
    computeSummaryStats: Any = ConfigurableField(
        target=ComputeExposureSummaryStatsTask, doc="Sums the exposure up in one row."
    )
    doPlot = Field[bool](
        doc="Draw how well the steps went, as charImage_plotPsf, calibrate_plotZeroPoint, ...?",
        dtype=bool,
        default=False,
    )
    doComputeSummaryStats = Field[bool](
        doc="Write that row as ccdSummary?", dtype=bool, default=True
    )

    def validate(self) -> None:
        """Check the configuration.

        Raises
        ------
        UsageError
            If fluxes would be corrected to another aperture than that which is calibrated.
        """
        super().validate()
        first, last = (task.calibRadius for task in (self.charImage, self.calibrate))
        corrected = self.doCalibrate and self.charImage.doApCorr and self.calibrate.doApCorr
        if corrected and first != last:
            raise UsageError(
                f"charImage.calibRadius={first:g} and calibrate.calibRadius={last:g} have to be "
                "the same: fluxes of points are corrected to the first (doApCorr), and calibrated "
                "by the second"
            )
