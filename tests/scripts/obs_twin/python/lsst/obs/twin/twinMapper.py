import os
import re

import lsst.afw.image.utils as afwImageUtils
from lsst.daf.persistence import ButlerLocation, Policy
from lsst.obs.base import CameraMapper

from .makeTwinRawVisitInfo import MakeTwinRawVisitInfo
from .twinFilters import TWIN_FILTER_DEFINITIONS

__all__ = ["TwinMapper"]


class TwinMapper(CameraMapper):
    packageName = "obs_twin"
    MakeRawVisitInfoClass = MakeTwinRawVisitInfo
    filterDefinitions = TWIN_FILTER_DEFINITIONS

    def __init__(self, inputPolicy=None, **kwargs):
        policyFile = Policy.defaultPolicyFile(self.packageName, "TwinMapper.yaml", "policy")
        policy = Policy(policyFile)
        super().__init__(policy, os.path.dirname(policyFile), **kwargs)
        for name in ("raw", "calexp"):
            self.mappings[name].keyDict.update({"visit": int, "side": str})
        self.filterDefinitions.reset()
        self.filterDefinitions.defineFilters()
        afwImageUtils.defineFilter("NONE", 0.0, alias=["no_filter"])

    def _extractDetectorName(self, dataId):
        return {"1,1": "East", "2,2": "West"}[dataId["side"]]

    def _computeCcdExposureId(self, dataId):
        return 10 * dataId["visit"] + int(dataId["side"][0])

    def bypass_ccdExposureId(self, datasetType, pythonType, location, dataId):
        return self._computeCcdExposureId(dataId)

    def bypass_ccdExposureId_bits(self, datasetType, pythonType, location, dataId):
        return 32

    def _mapActualToPath(self, template, actualId):
        pathId = dict(actualId)
        if "side" in pathId:
            pathId["side"] = re.sub(r"(\d),(\d)", r"\1\2", pathId["side"])
        return template % pathId

    def validate(self, dataId):
        visit = dataId.get("visit")
        if visit is not None and not isinstance(visit, int):
            dataId["visit"] = int(visit)
        return dataId

    def map_nightlog(self, dataId, write=False):
        path = os.path.join(self.root, "logs", "night%d.txt" % dataId["visit"])
        return ButlerLocation(str, None, "TextStorage", path, dataId, self, self.rootStorage)

    def bypass_weather(self, datasetType, pythonType, location, dataId):
        return "fair"

    def std_bias(self, item, dataId):
        return self._standardizeExposure(
            self.calibrations["bias"], item, dataId, filter=False, setVisitInfo=False
        )


def _withExposureId(self, item, dataId):
    item.set("Computed_ccdExposureId", self._computeCcdExposureId(dataId))
    return item


for dsType in ("raw",):
    setattr(TwinMapper, "std_" + dsType + "_md", _withExposureId)
