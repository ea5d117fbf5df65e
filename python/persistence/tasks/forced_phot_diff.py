"""`ForcedPhotDiffTask`: fluxes on stored difference images, of objects that were found later."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from lsst.pex.config import Config, ConfigurableField, RangeField

from persistence.pipe.cmdline.parser import ArgumentParser, InputOnlyArgumentParser
from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError
from persistence.pipe.timing import timeMethod
from persistence.tasks.dia_pipe import DiaPipelineTask

_DIFFERENCE = "deepDiff_differenceExp"


class ForcedPhotDiffConfig(Config):
    """Which objects are measured on earlier exposures, and where they are stored."""

    diaPipe: Any = ConfigurableField(
        target=DiaPipelineTask, doc="Has the objects, and stores what is measured of them."
    )
    maxDays = RangeField(
        doc="How long before the first DIASource of an object it is measured (days).",
        dtype=float,
        default=30.0,
        min=0.0,
    )


class ForcedPhotDiffTask(CmdLineTask):
    """Measure objects on the difference images that were stored before they were found."""

    ConfigClass: ClassVar[Any] = ForcedPhotDiffConfig
    _DefaultName = "forcedPhotDiff"
    EXAMPLES: ClassVar = {
        "repo/rerun/night --id visit=410877 ccdnum=28 -c "
        "diaPipe.apdb.db_url=sqlite:///association.db": (
            "measure known objects on one difference image"
        ),
    }

    diaPipe: DiaPipelineTask

    def __init__(self, *args: Any, **keywords: Any) -> None:
        super().__init__(*args, **keywords)
        self.makeSubtask("diaPipe")

    @classmethod
    def _makeArgumentParser(cls) -> ArgumentParser:
        parser = InputOnlyArgumentParser(name=cls._DefaultName)
        parser.add_id_argument(
            "--id", _DIFFERENCE,
            help="difference images: visit=123456 ccdnum=42; without visit, all that are there",
        )  # fmt: skip
        return parser

    def _getConfigName(self) -> None:
        """Return none: no repository gets anything of this task."""

    def _getMetadataName(self) -> None:
        """Return none."""

    @timeMethod
    def runDataRef(self, sensorRef: Any) -> Struct:
        """Measure objects on a detector's difference image, and store their forced sources.

        Parameters
        ----------
        sensorRef : `~persistence.butler.subset.ButlerDataRef`
            Of a ``deepDiff_differenceExp``.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``number``: how many forced sources were not stored before.

        Raises
        ------
        TaskError
            If the detector of the visit is not stored.
        """
        from persistence.tasks import dia_sources, sources  # imports astropy
        from persistence.tasks.difference import forcedsources

        numbers = self.diaPipe.numbers(sensorRef)
        apdb = self.diaPipe.apdb
        if not apdb.containsVisitDetector(*numbers[:2]):
            raise TaskError(
                f"{apdb.address.text} does not have visit {numbers.visit} detector "
                f"{numbers.detector}: ap_pipe.py stores what was found, which comes first"
            )
        difference, science = sensorRef.get(_DIFFERENCE), sensorRef.get("calexp")
        bits = sensorRef.get("ccdExposureId_bits")
        latest = dia_sources.midpoint(difference)[0] + self.config.maxDays
        with apdb.exclusive():
            known = self.diaPipe.objects(difference)
            stored = apdb.getDiaForcedSources(None, known["diaObjectId"], latest, start_time=0.0)
            here = (stored["visit"] == numbers.visit) & (stored["detector"] == numbers.detector)
            chosen = known[
                ~np.isin(known["diaObjectId"], stored["diaObjectId"][here])
                & (np.asarray(known["firstDiaSourceMjdTai"]) <= latest)
            ]
            first = sources.first_id(numbers.number, bits, len(known))
            first = max([first, *(stored["diaForcedSourceId"][here] + 1).tolist()])
            places = (chosen[name] for name in ("diaObjectId", "ra", "dec"))
            rows = forcedsources.rows(difference, science, numbers, first, *places)
            number = self.diaPipe.runForced(rows)
        self.log.info("%d of %d objects on the detector are measured now", number, len(known))
        return Struct(number=number)
