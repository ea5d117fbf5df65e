"""ID arguments of coadds, whose tracts and patches come from a sky map.

Source: doc/gen2/gen2-cli.md, 6.4.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.errors import PersistenceError, UsageError
from persistence.pipe.cmdline.containers import DataIdContainer, present
from persistence.pipe.struct import Struct
from persistence.policy.suppliers import SKYMAP_KEYS

if TYPE_CHECKING:
    from persistence.skymap import SkyMap, Tract


class CoaddDataIdContainer(DataIdContainer):
    """Data IDs of patches: of a whole sky map, of a tract, or single ones.

    Their files need not exist.
    """

    _skymap: SkyMap | None = None

    def getSkymap(self, namespace: argparse.Namespace) -> SkyMap:
        """Return the sky map of the task's coadds, read once.

        Parameters
        ----------
        namespace : `argparse.Namespace`
            With ``butler``, and ``config`` with a field ``coaddName``.

        Returns
        -------
        skymap : `SkyMap`
            The sky map.

        Raises
        ------
        UsageError
            If it cannot be read.
        """
        if self._skymap is None:
            try:
                self._skymap = namespace.butler.get(_map_name(namespace))
            except PersistenceError as error:
                raise UsageError(
                    f"tracts and patches are those of a sky map (makeSkyMap.py): {error}"
                ) from error
        assert self._skymap is not None
        return self._skymap

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create a reference for each patch.

        Parameters
        ----------
        namespace : `argparse.Namespace`
            With ``butler`` and ``config``.

        Raises
        ------
        UsageError
            If a key is missing that a sky map does not have, or the tract or patch does not exist.
        """
        for data_id in self.idList:
            self._refuse_incomplete(namespace, data_id)
            self.refList += [
                namespace.butler.dataRef(self.datasetType, dataId=patch)
                for patch in self._patches(namespace, data_id)
            ]

    def _refuse_incomplete(
        self,
        namespace: argparse.Namespace,
        data_id: Mapping[str, Any],
        supplied: frozenset[str] = SKYMAP_KEYS,
    ) -> None:
        """Raise an error if a data ID lacks keys that cannot be supplied."""
        every = namespace.butler.getKeys(self.datasetType) or {}
        missing = [key for key in every if key not in data_id and key not in supplied]
        if missing:
            raise UsageError(
                f"{self.datasetType} needs {', '.join(missing)} in the data ID, besides "
                f"{dict(data_id)}: its keys are {', '.join(every)}"
            )
        if "patch" in data_id and "tract" not in data_id:
            raise UsageError(f"patch={data_id['patch']} exists in each tract: pass the tract, too")

    def _patches(
        self, namespace: argparse.Namespace, data_id: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Yield a data ID for each patch; keys that were not typed come first."""
        if "patch" in data_id:
            self._refuse_absent(namespace, data_id)
            yield dict(data_id)
            return
        skymap = self.getSkymap(namespace)
        tracts = [_tract(skymap, data_id["tract"])] if "tract" in data_id else skymap
        for tract in tracts:
            supplied = {} if "tract" in data_id else {"tract": tract.tract_id}
            for patch in tract:
                yield {**supplied, "patch": patch.name, **data_id}

    def _refuse_absent(self, namespace: argparse.Namespace, data_id: Mapping[str, Any]) -> None:
        """Raise an error if the sky map lacks a patch; without a sky map, do nothing."""
        if self._skymap is None and not namespace.butler.datasetExists(_map_name(namespace)):
            return
        try:
            _tract(self.getSkymap(namespace), data_id["tract"])[data_id["patch"]]
        except PersistenceError as error:
            raise UsageError(str(error)) from error


def _map_name(namespace: argparse.Namespace) -> str:
    return f"{namespace.config.coaddName}Coadd_skyMap"


def _tract(skymap: SkyMap, number: Any) -> Tract:
    try:
        return skymap[number]
    except PersistenceError as error:
        raise UsageError(str(error)) from error


class ExistingCoaddDataIdContainer(CoaddDataIdContainer):
    """Data IDs of patches whose files exist."""

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create a reference for each existing patch."""
        super().makeDataRefList(namespace)
        self.refList = present(namespace.butler, str(self.datasetType))(self.refList)


class AssembleCoaddDataIdContainer(CoaddDataIdContainer):
    """Data IDs of single patches: all keys are required."""

    def _refuse_incomplete(
        self,
        namespace: argparse.Namespace,
        data_id: Mapping[str, Any],
        supplied: frozenset[str] = SKYMAP_KEYS,
    ) -> None:
        super()._refuse_incomplete(namespace, data_id, frozenset())


class SelectDataIdContainer(DataIdContainer):
    """Data IDs of exposures that may overlap a patch.

    Attributes
    ----------
    dataList : `list` [`Struct`]
        For each exposure with a readable header, its ``dataRef``, ``wcs`` and ``bbox``.
    """

    def __init__(self, level: str | None = None) -> None:
        super().__init__(level)
        self.dataList: list[Struct] = []

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create the references, and read the position of each exposure.

        Warn of those without one.
        """
        super().makeDataRefList(namespace)
        for reference in self.refList:
            try:
                wcs, bbox = reference.get("calexp_wcs"), reference.get("calexp_bbox")
            except (PersistenceError, OSError) as error:
                namespace.log.warning("calexp %s is skipped: %s", dict(reference.dataId), error)
                continue
            self.dataList.append(Struct(dataRef=reference, wcs=wcs, bbox=bbox))


class TractObjectDataIdContainer(CoaddDataIdContainer):
    """Data IDs of tracts: ``refList`` contains a list of the existing patches for each."""

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create the lists."""
        super().makeDataRefList(namespace)
        self.refList = _grouped(self, namespace, "tract")


class VisitDataIdContainer(DataIdContainer):
    """Data IDs of visits: ``refList`` contains a list of the data for each.

    Data IDs without a visit match none.
    """

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Create the lists."""
        self.idList = [data_id for data_id in self.idList if "visit" in data_id]
        super().makeDataRefList(namespace)
        self.refList = _grouped(self, namespace, "visit")


def _grouped(
    container: DataIdContainer, namespace: argparse.Namespace, key: str
) -> list[list[Any]]:
    """Return the existing references, grouped by the value of a key."""
    groups: dict[Any, list[Any]] = {}
    for reference in present(namespace.butler, str(container.datasetType))(container.refList):
        groups.setdefault(reference.dataId[key], []).append(reference)
    return list(groups.values())
