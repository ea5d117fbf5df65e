"""DECam's mapper: the policy file says nearly all; here is what a table cannot say."""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping
from typing import Any, ClassVar

from obs_decam.headers import DecamHeaders
from persistence import CameraMapper, DataIdError, MissingKey, yamlfile
from persistence.errors import did_you_mean
from persistence.identifiers import CoaddPacker

_HERE = os.path.dirname(os.path.abspath(__file__))


@functools.cache
def detectors() -> Mapping[int, str]:
    """Give the name of each science detector by its number: 25 -> ``S1``."""
    table = yamlfile.load(os.path.join(_HERE, "camera", "detectors.yaml"))
    return {int(number): entry["name"] for number, entry in table["science"].items()}


class DecamMapper(CameraMapper):
    """Maps DECam's data IDs (visit, ccdnum, filter) to files."""

    packageName = "obs_decam"
    policyFile = os.path.join(_HERE, "policy", "DecamMapper.yaml")
    ingestFile = os.path.join(_HERE, "config", "ingest.yaml")
    translatorClass = DecamHeaders
    coadds: ClassVar[CoaddPacker] = CoaddPacker(tract_bits=10, patch_bits=10, filter_bits=4)

    # N30 died in 2012: Gen2's table of names leaves it out.
    _nameless: ClassVar[frozenset[int]] = frozenset({61})

    def bypass_ccdExposureId(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self._computeCcdExposureId(dataId)

    def bypass_ccdExposureId_bits(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return 32  # visits beyond 42949672 will not fit; Gen2 promised 32

    def bypass_deepMergedCoaddId(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self._merged(dataId)

    def bypass_dcrMergedCoaddId(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self._merged(dataId)

    def bypass_deepCoaddId(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self._filtered(dataId)

    def bypass_dcrCoaddId(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self._filtered(dataId)

    def bypass_deepCoaddId_bits(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self.coadds.bits

    def bypass_dcrCoaddId_bits(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self.coadds.bits

    def bypass_deepMergedCoaddId_bits(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self.coadds.bits

    def bypass_dcrMergedCoaddId_bits(self, datasetType: str, pythonType: Any, location: Any, dataId: Any) -> int:
        return self.coadds.bits

    # Gen2's names of these, which scripts call

    def _transformId(self, dataId: Mapping[str, Any]) -> dict[str, Any]:
        full = dict(dataId)
        if "ccd" in full:
            full.setdefault("ccdnum", full["ccd"])
        return full

    def _extractDetectorName(self, dataId: Mapping[str, Any]) -> str:
        number = self._need(self._transformId(dataId), "ccdnum")
        if number in self._nameless or number not in detectors():
            raise DataIdError(f"No name found for dataId: {dict(dataId)}: DECam has no detector {number}")
        return detectors()[number]

    def _computeCcdExposureId(self, dataId: Mapping[str, Any]) -> int:
        full = self._transformId(dataId)
        return int(f"{self._need(full, 'visit'):07d}{self._need(full, 'ccdnum'):02d}")

    @staticmethod
    def getShortCcdName(name: str) -> str:
        """Give a detector's name without blanks, as it stands in paths."""
        return name.replace(" ", "_")

    def _merged(self, data_id: Mapping[str, Any]) -> int:
        return self.coadds.merged(self._need(data_id, "tract"), self._need(data_id, "patch"))

    def _filtered(self, data_id: Mapping[str, Any]) -> int:
        name = self._need(data_id, "filter")
        numbers = [k for k, label in enumerate(self.translator.filters) if label.answers_to(name)]
        if not numbers:
            known = [label.name for label in self.translator.filters]
            raise DataIdError(f"filter={name!r} is none of DECam's: {', '.join(known)}{did_you_mean(name, known)}")
        return self.coadds.filtered(self._need(data_id, "tract"), self._need(data_id, "patch"), numbers[0])

    @staticmethod
    def _need(data_id: Mapping[str, Any], key: str) -> Any:
        if key not in data_id:
            raise MissingKey(f"an identifier needs {key!r}; the data ID is {dict(data_id)}")
        return data_id[key]
