"""Association: which objects DIASources are of."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from lsst.pex.config import Config, RangeField

from persistence.apdb.association import associate
from persistence.pipe.struct import Struct
from persistence.pipe.task import Task
from persistence.pipe.timing import timeMethod


class AssociationConfig(Config):
    """How near a source is to its object."""

    maxDistArcSeconds = RangeField(
        doc="How far a DIASource is from its DIAObject at most (arcsec).",
        dtype=float,
        default=1.0,
        min=0.0,
        inclusiveMin=False,
    )


class AssociationTask(Task):
    """Associate DIASources with DIAObjects, one to one, nearest first, or with new objects."""

    ConfigClass: ClassVar[Any] = AssociationConfig
    _DefaultName = "associator"

    @timeMethod
    def run(self, diaSources: Any, diaObjects: Any) -> Struct:
        """Associate the DIASources of an exposure.

        Parameters
        ----------
        diaSources : table
            With ``diaSourceId ra dec`` (deg).
        diaObjects : table
            With ``diaObjectId ra dec`` (deg), of the region.

        Returns
        -------
        result : `~persistence.pipe.struct.Struct`
            ``diaObjectIds``: of each source; a new object has the number of its first source.
            ``isNew``: which are new. ``distances``: to the objects (arcsec); NaN of new ones.
        """
        pairs = associate(
            (diaObjects["ra"], diaObjects["dec"]),
            (diaSources["ra"], diaSources["dec"]),
            self.config.maxDistArcSeconds,
        )
        identifiers = np.array(diaSources["diaSourceId"], np.int64)
        known = pairs.objects >= 0
        identifiers[known] = np.asarray(diaObjects["diaObjectId"], np.int64)[pairs.objects[known]]
        updated, new = int(known.sum()), int((~known).sum())
        self.log.info("%d DIASources are of known objects, %d are new ones", updated, new)
        self.metadata.set("numUpdatedDiaObjects", updated)
        self.metadata.set("numNewDiaObjects", new)
        return Struct(diaObjectIds=identifiers, isNew=~known, distances=pairs.distances)
