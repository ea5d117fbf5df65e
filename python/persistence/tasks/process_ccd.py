"""`ProcessCcdTask`: from the raw exposure of a detector to a calibrated one with its sources."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar

from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.struct import Struct
from persistence.pipe.task import Later
from persistence.pipe.timing import timeMethod
from persistence.tasks import early

if TYPE_CHECKING:
    from persistence.tasks.calibrate import CalibrateTask
    from persistence.tasks.char_image import CharacterizeImageTask
    from persistence.tasks.isr import IsrTask
    from persistence.tasks.summary import ComputeExposureSummaryStatsTask, Processed


class ProcessCcdTask(CmdLineTask):
    """Process raw exposures, detector by detector: calexps, catalogs of sources, summaries."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.process_ccd_config", "ProcessCcdConfig")
    _DefaultName = "processCcd"
    EXAMPLES: ClassVar = {
        "repo --calib repo/CALIB --rerun night --id visit=410877 ccdnum=1..62 -j 4": (
            "process the detectors of a visit, four at a time"
        ),
        "repo --calib repo/CALIB --rerun night --id filter=g -c "
        "calibrate.refCat=gaia --skip-existing": (
            "process what is left of a filter, with a reference catalog"
        ),
        "repo --rerun night --show config=isr.*": "print some settings, and process nothing",
    }

    isr: IsrTask
    charImage: CharacterizeImageTask
    calibrate: CalibrateTask
    computeSummaryStats: ComputeExposureSummaryStatsTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        for name in ("isr", "charImage", "calibrate", "computeSummaryStats"):
            self.makeSubtask(name)

    @timeMethod
    def runDataRef(self, sensorRef: Any) -> Struct:
        """Remove the instrument signature from one detector's exposure, and calibrate it.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to a raw exposure, with whose Butler results are written.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``charRes`` and ``calibRes`` (None if not calibrated): the results of the subtasks;
            ``exposure`` and ``background``, the final ones; ``summary``, a catalog of one row, or
            None.

        Raises
        ------
        TaskError
            If a calibration is missing, or there are too few stars; the message names the setting.
        """
        self.log.info("processing %s", dict(sensorRef.dataId))
        early.load()
        # the exposure of isr is not kept: its planes need 100 MB on a large chip
        charRes = self.charImage.runDataRef(sensorRef, self.isr.runDataRef(sensorRef).exposure)
        calibRes: Any = None
        if self.config.doCalibrate:
            calibRes = self.calibrate.runDataRef(
                sensorRef, charRes.exposure, charRes.background, charRes.sourceCat
            )
        if self.config.doPlot:
            self._plot(sensorRef, {"charImage": charRes, "calibrate": calibRes})
        last = charRes if calibRes is None else calibRes
        summary = None
        if self.config.doComputeSummaryStats:
            summary = self.computeSummaryStats.run(self._processed(sensorRef, charRes, calibRes))
            sensorRef.put(summary, "ccdSummary")
        return Struct(
            charRes=charRes,
            calibRes=calibRes,
            exposure=last.exposure,
            background=charRes.background,
            summary=summary,
        )

    def _plot(self, sensorRef: Any, results: Mapping[str, Any]) -> None:
        """Draw the pictures of the steps that have not drawn their own."""
        from persistence.tasks import diagnostics  # lazy: only pictures need matplotlib

        for step, result in results.items():
            if result is not None and not getattr(getattr(self.config, step), "doPlot", False):
                diagnostics.draw(self, sensorRef, step, result)

    def _processed(self, sensorRef: Any, charRes: Struct, calibRes: Any) -> Processed:
        """Return the inputs of the summary."""
        from persistence.tasks import matched
        from persistence.tasks.summary import Processed

        last = charRes if calibRes is None else calibRes
        exposure, data_id = last.exposure, dict(sensorRef.dataId)
        return Processed(
            exposure,
            visit=data_id.get("visit", exposure.visit_info.exposure_id),
            sources=last.sourceCat,
            psf_sources=charRes.sourceCat,
            background=charRes.background,
            matched=None if calibRes is None else matched.of_result(calibRes),
            noted={**self.charImage.metadata, **(self.calibrate.metadata if calibRes else {})},
        )
