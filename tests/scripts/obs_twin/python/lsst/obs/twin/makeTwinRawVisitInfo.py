from lsst.afw.coord import Observatory
from lsst.afw.image import RotType
from lsst.geom import SpherePoint, degrees
from lsst.obs.base import MakeRawVisitInfo

__all__ = ["MakeTwinRawVisitInfo"]


class MakeTwinRawVisitInfo(MakeRawVisitInfo):
    observatory = Observatory(-70.5 * degrees, -30.25 * degrees, 2200.0)

    def setArgDict(self, md, argDict):
        super().setArgDict(md, argDict)
        argDict["darkTime"] = self.getDarkTime(argDict)
        argDict["boresightRaDec"] = SpherePoint(
            self.popAngle(md, "TELRA"), self.popAngle(md, "TELDEC")
        )
        argDict["boresightAirmass"] = self.popFloat(md, "AIRMASS")
        argDict["boresightRotAngle"] = self.popAngle(md, "ROTPA")
        argDict["rotType"] = RotType.SKY
        argDict["observatory"] = self.observatory

    def getDateAvg(self, md, exposureTime):
        return self.offsetDate(self.popIsoDate(md, "DATE-OBS"), 0.5 * exposureTime)
