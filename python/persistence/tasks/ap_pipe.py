"""`ApPipeTask`: from raw exposures to objects in the alert production database."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from persistence.errors import PersistenceError
from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.runner import TaskRunner
from persistence.pipe.struct import Struct
from persistence.pipe.task import Later
from persistence.pipe.timing import timeMethod

if TYPE_CHECKING:
    from persistence.tasks.dia_pipe import DiaPipelineTask
    from persistence.tasks.image_difference import ImageDifferenceTask
    from persistence.tasks.process_ccd import ProcessCcdTask
    from persistence.types.exposure.exposure import Exposure

_STEPS = ("ccdProcessor", "differencer", "diaPipe")
# Step -> the dataset that is the last one it writes.
_LAST = {
    "ccdProcessor": "calexp",
    "differencer": "deepDiff_differenceExp",
    "diaPipe": "apdb_marker",
}


class ApPipeTaskRunner(TaskRunner):
    """Hands each target the template's data IDs, and the steps that are not done again."""

    @staticmethod
    def getTargetList(parsedCmd: Any, **kwargs: Any) -> list[Any]:
        """Return the targets."""
        return TaskRunner.getTargetList(
            parsedCmd,
            templateIdList=parsedCmd.templateId.idList,
            reuse=tuple(parsedCmd.reuse),
            **kwargs,
        )

    def precall(self, parsedCmd: Any) -> bool:
        """Open the database before all else: no exposure is processed for one that cannot be used.

        It also comes before the configuration is written, which has its address.
        """
        try:
            self.makeTask(parsedCmd=parsedCmd).diaPipe.apdb.makeSchema()
        except PersistenceError as error:
            if self.doRaise:
                raise
            self.log.fatal("nothing was run: %s", error)
            return False
        return super().precall(parsedCmd)


class ApPipeTask(CmdLineTask):
    """Run the steps of alert production on raw exposures, detector by detector."""

    ConfigClass: ClassVar[Any] = Later("persistence.tasks.ap_pipe_config", "ApPipeConfig")
    RunnerClass = ApPipeTaskRunner
    _DefaultName = "apPipe"
    EXAMPLES: ClassVar = {
        "repo --calib repo/CALIB --template repo/rerun/templates --rerun night "
        "--id visit=410877 ccdnum=28 -c diaPipe.apdb.db_url=sqlite:///association.db": (
            "process a detector, subtract the template, and store what varies"
        ),
        "repo --rerun night --id visit=410877 --templateId visit=234567 "
        "--reuse-outputs-from ccdProcessor -c diaPipe.apdb.db_url=sqlite:///association.db": (
            "the same with calexps that exist, and one of them as the template"
        ),
    }

    ccdProcessor: ProcessCcdTask
    differencer: ImageDifferenceTask
    diaPipe: DiaPipelineTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        for name in _STEPS:
            self.makeSubtask(name)

    @classmethod
    def _makeArgumentParser(cls) -> ArgumentParser:
        parser = super()._makeArgumentParser()
        parser.add_id_argument(
            "--templateId", "calexp", doMakeDataRefList=False,
            help="the visit whose calibrated exposure is the template: visit=234567; default: "
                 "the template is a coadd",
        )  # fmt: skip
        parser.addInputOption(
            "--template", help="a repository that has the templates; without, the input has them"
        )
        parser.addReuseOption(list(_STEPS))
        return parser

    @timeMethod
    def runDataRef(
        self,
        rawRef: Any,
        templateIdList: Sequence[Any] | None = None,
        reuse: Sequence[str] = (),
    ) -> Struct:
        """Calibrate a raw exposure of a detector, subtract a template, and store the DIASources.

        Parameters
        ----------
        rawRef : `~persistence.butler.subset.ButlerDataRef`
            A reference to the raw exposure, with whose Butler results are written.
        templateIdList : sequence of `dict`, optional
            See `~persistence.tasks.difference.template.GetTemplateTask.run`.
        reuse : sequence of `str`
            The steps (``ccdProcessor differencer diaPipe``) whose existing outputs are reused.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``ccdProcessor``, ``differencer``, ``diaPipe``: the results of the steps; None if
            skipped.

        Raises
        ------
        TaskError
            If a step fails.
        """
        results = dict.fromkeys(_STEPS)
        if not self._is_there(rawRef, "ccdProcessor", reuse):
            results["ccdProcessor"] = self.ccdProcessor.runDataRef(rawRef)
        if not self._is_there(rawRef, "differencer", reuse):
            results["differencer"] = self.differencer.runDataRef(rawRef, templateIdList)
        if not self._is_there(rawRef, "diaPipe", reuse):
            # What was read of this target is noted as an input, whoever read it.
            science = getattr(results["differencer"], "scienceExposure", None)
            results["diaPipe"] = self._stored(rawRef, science)
        return Struct(**results)

    def _is_there(self, reference: Any, step: str, reuse: Sequence[str]) -> bool:
        is_there = step in reuse and reference.datasetExists(_LAST[step], write=True)
        if is_there:
            self.log.info("%s is not done again: its outputs are there", step)
        return bool(is_there)

    def _stored(self, reference: Any, science: Exposure | None) -> Struct:
        """Store what was found, and the fluxes of all objects on the detector.

        The difference is read again, so that a run that takes it from an earlier one stores the
        same to the last bit.
        """
        from persistence.tasks import sources  # imports astropy
        from persistence.tasks.difference import forcedsources

        difference = reference.get("deepDiff_differenceExp")
        science = reference.get("calexp") if science is None else science
        numbers = self.diaPipe.numbers(reference)
        bits = reference.get("ccdExposureId_bits")

        def forced(objects: Any, ra: Any, dec: Any) -> Any:
            first = sources.first_id(numbers.number, bits, len(objects))
            return forcedsources.rows(difference, science, numbers, first, objects, ra, dec)

        return self.diaPipe.runDataRef(
            reference,
            reference.get("deepDiff_diaSrc"),
            difference,
            forced if self.config.doForcedSources else None,
        )
