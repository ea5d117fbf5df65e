"""`ConsolidateVisitSummaryTask`: the summaries of a visit's detectors become its own."""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from typing import Any, ClassVar

from lsst.pex.config import Config

from persistence.errors import PersistenceError, UsageError
from persistence.pipe.cmdline.containers import DataIdContainer, told_missing
from persistence.pipe.cmdline.parser import ArgumentParser
from persistence.pipe.cmdlinetask import CmdLineTask
from persistence.pipe.struct import Struct
from persistence.pipe.task import TaskError
from persistence.pipe.timing import timeMethod
from persistence.quality import bounds

_OF_DETECTOR, _OF_VISIT = "ccdSummary", "visitSummary"


class VisitContainer(DataIdContainer):
    """Stands for the visits of which there is a ``ccdSummary``."""

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create one reference to the ``visitSummary`` of each visit.

        Raises
        ------
        UsageError
            If a data ID cannot be looked up.
        """
        butler = namespace.butler
        keys = list(butler.getKeys(_OF_VISIT))
        visits: dict[tuple[Any, ...], None] = {}
        empty = []
        try:
            for data_id in self.idList:
                rows = butler.query(_OF_DETECTOR, columns=keys, dataId=data_id, distinct=True)
                values = list(rows.tuples())
                visits.update(dict.fromkeys(values))
                if not values:
                    empty.append((data_id, 0))
        except PersistenceError as error:
            raise UsageError(str(error)) from error
        for visit in visits:
            data_id = dict(zip(keys, visit, strict=True))
            self.refList += butler.subset(_OF_VISIT, dataId=data_id)
        if empty:
            namespace.log.warning("%s", told_missing(butler, _OF_DETECTOR, empty))


class ConsolidateVisitSummaryConfig(Config):
    """Nothing can be set."""


class ConsolidateVisitSummaryTask(CmdLineTask):
    """Put the summaries of a visit's detectors into one catalog, and compare them."""

    ConfigClass: ClassVar[Any] = ConsolidateVisitSummaryConfig
    _DefaultName = "consolidateVisitSummary"
    EXAMPLES: ClassVar = {
        "repo/rerun/night --rerun summaries --id visit=410877..410879 -j 3": (
            "the catalogs of three visits"
        ),
    }

    @classmethod
    def _makeArgumentParser(cls) -> ArgumentParser:
        parser = cls.ParserClass(name=cls._DefaultName)
        parser.add_id_argument(
            "--id",
            _OF_DETECTOR,
            help="visits, with all their detectors: visit=410877",
            ContainerClass=VisitContainer,
        )
        return parser

    def _getMetadataName(self) -> None:
        """Return none: Gen2 stored no metadata of this task either."""

    @timeMethod
    def runDataRef(self, visitRef: Any) -> Struct:
        """Read the ``ccdSummary`` of each detector, and write ``visitSummary``.

        Parameters
        ----------
        visitRef : `~persistence.butler.subset.ButlerDataRef`
            Of a ``visitSummary``.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``visitSummary``, a catalog.

        Raises
        ------
        TaskError
            If there is none.
        """
        butler = visitRef.getButler()
        keys = {key: visitRef.dataId[key] for key in butler.getKeys(_OF_VISIT)}
        references = butler.query(_OF_DETECTOR, dataId=keys).refs()
        if not references:
            raise TaskError(f"there is no {_OF_DETECTOR} of {keys}; processCcd.py writes them")
        summary = consolidated([reference.get(_OF_DETECTOR) for reference in references])
        visitRef.put(summary, _OF_VISIT)
        self.log.info(
            "%d detectors, of which %d are suspicious", len(summary), summary["suspicious"].sum()
        )
        return Struct(visitSummary=summary)


def consolidated(summaries: Any, limits: Mapping[str, bounds.Bound] = bounds.BOUNDS) -> Any:
    """Return one catalog of several, ordered by detector.

    A row that differs from the others of its visit becomes suspicious, too.

    Parameters
    ----------
    summaries : sequence of `~persistence.types.table.catalog.Catalog`
        Each a ``ccdSummary``.
    limits : mapping [`str`, `~persistence.quality.bounds.Bound`], optional
        Of these, the ones that compare detectors count: absolute ones were looked at already.
    """
    from persistence.quality import columns
    from persistence.quality.catalogs import calibs_of, catalog, rows_of

    rows = [row for summary in summaries for row in rows_of(summary)]
    calibs = [calib for summary in summaries for calib in calibs_of(summary)]
    relative = {
        name: bounds.Bound(mads=bound.mads, least=bound.least, share=bound.share)
        for name, bound in limits.items()
        if bound.mads is not None and bound.within == bounds.VISIT
    }
    for row, reasons in zip(rows, bounds.reasons(columns.arrays(rows), relative), strict=True):
        every = [*filter(None, [row["reasons"]]), *reasons]
        row |= {"suspicious": bool(every), "reasons": "; ".join(every)}
    order = sorted(range(len(rows)), key=lambda number: (rows[number]["id"], number))
    return catalog([rows[number] for number in order], [calibs[number] for number in order])
