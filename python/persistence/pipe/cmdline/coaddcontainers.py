"""ID arguments of coadds, whose tracts and patches no registry has.

A sky map has them (gen2-cli 6.4).
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
    """Stands for patches: of a whole sky map, of a tract, or single ones.

    Whether or not there is a file of them.
    """

    _skymap: SkyMap | None = None

    def getSkymap(self, namespace: argparse.Namespace) -> SkyMap:
        """Read the sky map of the task's coadds, once.

        Parameters
        ----------
        namespace : `argparse.Namespace`
            With ``butler``, and ``config`` that has a field ``coaddName``.

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
        """Make a reference for each patch.

        Raises
        ------
        UsageError
            If a key is missing that no sky map knows, or the sky map lacks a tract or a patch.
        """
        for data_id in self.idList:
            self._refuse_incomplete(namespace, data_id)
            self.refList += [
                namespace.butler.dataRef(self.datasetType, dataId=one)
                for one in self._patches(namespace, data_id)
            ]

    def _refuse_incomplete(
        self,
        namespace: argparse.Namespace,
        data_id: Mapping[str, Any],
        supplied: frozenset[str] = SKYMAP_KEYS,
    ) -> None:
        """Refuse a data ID that lacks keys which nothing supplies."""
        every = namespace.butler.getKeys(self.datasetType) or {}
        missing = [key for key in every if key not in data_id and key not in supplied]
        if missing:
            raise UsageError(
                f"{self.datasetType} needs {', '.join(missing)} in the data ID, besides "
                f"{dict(data_id)}: its keys are {', '.join(every)}"
            )
        if "patch" in data_id and "tract" not in data_id:
            raise UsageError(f"patch={data_id['patch']} is one of each tract: give the tract, too")

    def _patches(
        self, namespace: argparse.Namespace, data_id: Mapping[str, Any]
    ) -> Iterator[dict[str, Any]]:
        """Give a data ID for each patch; keys that are not typed come first."""
        if "patch" in data_id:
            self._refuse_absent(namespace, data_id)
            yield dict(data_id)
            return
        skymap = self.getSkymap(namespace)
        tracts = [_tract(skymap, data_id["tract"])] if "tract" in data_id else skymap
        for tract in tracts:
            told = {} if "tract" in data_id else {"tract": tract.tract_id}
            for patch in tract:
                yield {**told, "patch": patch.name, **data_id}

    def _refuse_absent(self, namespace: argparse.Namespace, data_id: Mapping[str, Any]) -> None:
        """Refuse a patch that the sky map lacks.

        If there is no sky map yet, there is nothing to compare with.
        """
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
    """Stands for those patches of which there is a file."""

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Make a reference for each patch that is there."""
        super().makeDataRefList(namespace)
        self.refList = present(namespace.butler, str(self.datasetType))(self.refList)


class AssembleCoaddDataIdContainer(CoaddDataIdContainer):
    """Stands for single patches: all keys have to be typed."""

    def _refuse_incomplete(
        self,
        namespace: argparse.Namespace,
        data_id: Mapping[str, Any],
        supplied: frozenset[str] = SKYMAP_KEYS,
    ) -> None:
        super()._refuse_incomplete(namespace, data_id, frozenset())


class SelectDataIdContainer(DataIdContainer):
    """Stands for exposures that may overlap a patch.

    Attributes
    ----------
    dataList : `list` [`Struct`]
        For each exposure whose header can be read, its ``dataRef``, ``wcs`` and ``bbox``.
    """

    def __init__(self, level: str | None = None) -> None:
        super().__init__(level)
        self.dataList: list[Struct] = []

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Make the references, and read where each exposure lies.

        Warn of those that do not say it.
        """
        super().makeDataRefList(namespace)
        for reference in self.refList:
            try:
                wcs, bbox = reference.get("calexp_wcs"), reference.get("calexp_bbox")
            except (PersistenceError, OSError) as error:
                namespace.log.warning("calexp %s is passed over: %s", dict(reference.dataId), error)
                continue
            self.dataList.append(Struct(dataRef=reference, wcs=wcs, bbox=bbox))


class TractObjectDataIdContainer(CoaddDataIdContainer):
    """Stands for tracts: ``refList`` lists for each the patches of which there is a file."""

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Make the lists."""
        super().makeDataRefList(namespace)
        self.refList = _grouped(self, namespace, "tract")


class VisitDataIdContainer(DataIdContainer):
    """Stands for visits: ``refList`` has for each the list of its data.

    Data IDs without a visit stand for none.
    """

    def makeDataRefList(self, namespace: argparse.Namespace) -> None:
        """Make the lists."""
        self.idList = [data_id for data_id in self.idList if "visit" in data_id]
        super().makeDataRefList(namespace)
        self.refList = _grouped(self, namespace, "visit")


def _grouped(
    container: DataIdContainer, namespace: argparse.Namespace, key: str
) -> list[list[Any]]:
    """Put references that are there, and share the value of a key, together."""
    groups: dict[Any, list[Any]] = {}
    for reference in present(namespace.butler, str(container.datasetType))(container.refList):
        groups.setdefault(reference.dataId[key], []).append(reference)
    return list(groups.values())
