"""`ImageDifferenceTask`: subtract a template from a calibrated exposure."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.runner import TaskRunner
from persistence.pipe.struct import Struct
from persistence.pipe.task import Later, TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks.options import option

if TYPE_CHECKING:
    from persistence.tasks.difference.subtract import Difference
    from persistence.tasks.difference.template import GetTemplateTask
    from persistence.types.exposure.exposure import Exposure


class ImageDifferenceTaskRunner(TaskRunner):
    """Hands each target the template's data IDs."""

    @staticmethod
    def getTargetList(parsedCmd: Any, **kwargs: Any) -> list[Any]:
        """Return the targets."""
        return TaskRunner.getTargetList(
            parsedCmd, templateIdList=parsedCmd.templateId.idList, **kwargs
        )


class ImageDifferenceTask(CmdLineTask):
    """Subtract templates from calibrated exposures, detector by detector."""

    ConfigClass: ClassVar[Any] = Later(
        "persistence.tasks.image_difference_config", "ImageDifferenceConfig"
    )
    RunnerClass = ImageDifferenceTaskRunner
    _DefaultName = "imageDifference"
    EXAMPLES: ClassVar = {
        "repo/rerun/night --rerun diff --id visit=410877 ccdnum=28 --templateId visit=234567": (
            "subtract another visit from an exposure"
        ),
    }

    getTemplate: GetTemplateTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.makeSubtask("getTemplate")

    @classmethod
    def _makeArgumentParser(cls) -> ArgumentParser:
        parser = cls.ParserClass(name=cls._DefaultName or cls.__name__)
        parser.add_id_argument("--id", "calexp", help="science exposures: visit=123456 ccdnum=42")
        parser.add_id_argument(
            "--templateId", "calexp", doMakeDataRefList=False,
            help="the visit whose calibrated exposure is the template: visit=234567",
        )  # fmt: skip
        return parser

    @timeMethod
    def runDataRef(self, sensorRef: Any, templateIdList: Sequence[Any] | None = None) -> Struct:
        """Subtract the template of one detector's exposure, and write the results.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to the calibrated exposure, with whose Butler results are written.
        templateIdList : sequence of `dict`, optional
            See `~persistence.tasks.difference.template.GetTemplateTask.run`.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            As of `run`, and ``warpedExposure``; ``scienceExposure``, as it was read.

        Raises
        ------
        TaskError
            If no template overlaps, or as for `run`.
        """
        self.log.info("processing %s", dict(sensorRef.dataId))
        science, table = sensorRef.get("calexp"), sensorRef.get("src")
        template = self.getTemplate.run(science, sensorRef, templateIdList)
        identity = sensorRef.get("ccdExposureId"), sensorRef.get("ccdExposureId_bits")
        result = self.run(science, template.exposure, table, *identity)
        prefix, config = f"{self.config.coaddName}Diff", self.config
        if config.doWriteWarpedExp:
            sensorRef.put(template.exposure, f"{prefix}_warpedExp")
        if config.doWriteMatchedExp:
            sensorRef.put(result.matchedExposure, f"{prefix}_matchedExp")
        if config.doWriteSources:
            sensorRef.put(result.kernelSources, f"{prefix}_kernelSrc")
            sensorRef.put(result.diaSources, f"{prefix}_diaSrc")
        # The last one: where it is, all is.
        sensorRef.put(result.subtractedExposure, f"{prefix}_differenceExp")
        return Struct(**result.getDict(), warpedExposure=template.exposure, scienceExposure=science)

    @timeMethod
    def run(
        self,
        science: Exposure,
        template: Exposure,
        sources: Any,
        exposureId: int = 0,
        exposureBits: int = 32,
    ) -> Struct:
        """Subtract a template, and detect sources in the difference.

        Parameters
        ----------
        science, template : `~persistence.types.exposure.exposure.Exposure`
            Exposures on the same pixel grid, without background, with mask, variance and PSF.
        sources : `~persistence.types.table.catalog.Catalog`
            The sources of the science exposure (``src``).
        exposureId, exposureBits : `int`
            The upper bits of the sources' numbers, and how many bits these are.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``subtractedExposure``, ``matchedExposure``, ``diaSources``, ``kernelSources``.

        Raises
        ------
        TaskError
            If there are too few stars for the kernel, or the template does not match.
        """
        from persistence.tasks import sky
        from persistence.tasks.difference import diasources, dipole, extents, faults, level, trails
        from persistence.tasks.difference.score import peaks, score

        difference, rows = self._subtracted(science, template, sources)
        pixels = level.empty(difference.exposure)
        left = level.level(difference.exposure, pixels, self.config.binSize)
        exposure = difference.exposure.replaced(image=difference.exposure.image - left)
        scored = score(exposure, pixels)
        self._believe(scored.scale)
        if self.config.doScaleVariance:
            _mask, variance = sky.planes(exposure)
            exposure = exposure.replaced(variance=variance * np.float32(scored.scale**2))
        width = exposure.psf.width()
        points = peaks(scored, self.config.detection.thresholdValue, int(np.ceil(3 * width)))
        x0, y0 = exposure.origin
        dipoles = dipole.fit(
            exposure, points.x + x0, points.y + y0, np.sign(points.score),
            dipole.candidates(points), self.config.minDipoleRatio,
        )  # fmt: skip
        table = diasources.catalog(
            exposure, science, difference.matched, points, dipoles, list(self.config.apertureRadii),
            self.config.maxPsfChi2, exposureId, exposureBits,
        )  # fmt: skip
        trailed = trails.fit(
            exposure, points.x + x0, points.y + y0, points.score, trails.candidates(table)
        )
        trails.add(table, trailed)
        extents.add(
            table, extents.sides(scored.image, points, self.config.detection.thresholdValue)
        )
        faults.add(table, faults.flags(table, (science, difference.matched), self.config.minPart))
        self._note(difference, scored.scale, table)
        return Struct(
            subtractedExposure=exposure,
            matchedExposure=difference.matched,
            diaSources=table,
            kernelSources=sources[rows],
        )

    def getSchemaCatalogs(self) -> dict[str, Any]:
        """Return an empty ``diaSrc``."""
        from persistence.tasks.difference import diasources, extents, faults, trails

        empty = diasources.schema(list(self.config.apertureRadii))
        trails.add(empty, trails.Trails.none(0))
        extents.add(empty, np.zeros(0, int))
        faults.add(empty, np.zeros(0, bool))
        return {f"{self.config.coaddName}Diff_diaSrc": empty}

    def _getConfigName(self) -> str:
        return f"{self.config.coaddName}Diff_config"

    def _getMetadataName(self) -> str:
        return f"{self.config.coaddName}Diff_metadata"

    def _subtracted(
        self, science: Exposure, template: Exposure, sources: Any
    ) -> tuple[Difference, Any]:
        from persistence.tasks.difference import kernelfit, stars, subtract, zogy

        config = self.config
        if config.subtract.name == "zogy":
            return zogy.subtracted(science, template, config.subtract.active.tileSize), []
        kernel = config.subtract.active.kernel
        reach = kernelfit.reach(kernel.kernelSize)
        good = subtract.usable(science, template)
        rows = stars.chosen(
            sources, good, science.bbox, kernel.nStampMax, reach, kernel.minSignalToNoise
        )
        if len(rows) < kernel.nStampMin:
            where = "subtract['al'].kernel"
            raise TaskError(
                f"{len(rows)} of {len(sources)} sources are bright and whole enough to match the "
                f"template by, and {kernel.nStampMin} are needed; settings that matter: "
                f"{option(self, where)}.minSignalToNoise={kernel.minSignalToNoise:g}, "
                f"{where}.nStampMin={kernel.nStampMin}"
            )
        convolve = config.convolveTemplate
        if convolve == "auto":
            is_sharper = template.psf.width() <= science.psf.width()
            convolve = "template" if is_sharper else "science"
        order = _order(kernel.spatialKernelOrder, len(rows))
        difference = subtract.alard_lupton(
            science, template, good,
            np.asarray(sources["base_SdssCentroid_x"][rows], float),
            np.asarray(sources["base_SdssCentroid_y"][rows], float),
            convolve,
            subtract.Kernel(
                list(kernel.alardSigGauss), list(kernel.alardDegGauss), kernel.kernelSize,
                order, min(kernel.spatialBgOrder, order),
            ),
            config.doDecorrelation,
        )  # fmt: skip
        assert difference.fit is not None
        return difference, rows[difference.fit.used]

    def _believe(self, scale: float) -> None:
        if not scale <= self.config.maxScoreScale:
            raise TaskError(
                f"the template does not match: the difference scatters {scale:.2f} times its "
                f"standard deviation, where {self.config.maxScoreScale:g} is accepted (-c "
                f"{option(self, 'maxScoreScale')}={self.config.maxScoreScale:g})"
            )

    def _note(self, difference: Difference, scale: float, table: Any) -> None:
        dipoles = int(np.asarray(table["ip_diffim_DipoleFit_flag_classification"]).sum())
        noted = {
            "kernelSum": difference.scale, "scoreScale": scale, "numDiaSources": len(table),
            "numDipoles": dipoles,
        }  # fmt: skip
        if difference.fit is not None:
            noted["numKernelStars"] = int(difference.fit.used.sum())
            noted["kernelChi2"] = float(np.median(difference.fit.chi2[difference.fit.used]))
        self.metadata.set("convolved", difference.convolved)
        for name, value in noted.items():
            self.metadata.set(name, value)
        self.log.info(
            "the %s was convolved (scale %.4f); noise %.3f of its variance; %d sources, %d of them "
            "dipoles",
            difference.convolved, difference.scale, scale, len(table), dipoles,
        )  # fmt: skip


def _order(wanted: int, stars: int) -> int:
    """Return how far a kernel may vary: there are five stars or more to each term."""
    while wanted and stars < 5 * (wanted + 1) * (wanted + 2) // 2:
        wanted -= 1
    return wanted
