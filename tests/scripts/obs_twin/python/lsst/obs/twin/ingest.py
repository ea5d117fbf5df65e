from lsst.pipe.tasks.ingest import IngestTask, ParseTask
from lsst.pipe.tasks.ingestCalibs import CalibsParseTask

__all__ = ["TwinCalibsParseTask", "TwinIngestTask", "TwinParseTask"]


class TwinIngestTask(IngestTask):
    pass


class TwinParseTask(ParseTask):
    def getInfo(self, filename):
        phuInfo, infoList = super().getInfo(filename)
        for info in infoList:
            info["basename"] = filename.rsplit("/", 1)[-1].split(".")[0]
        return phuInfo, infoList

    def translate_visit(self, md):
        return int(md.getScalar("EXPNUM"))

    def translate_side(self, md):
        return "1,1" if md["SIDE"] == "EAST" else "2,2"

    def translate_filter(self, md):
        return md.get("FILTER").strip().split(" ")[0]


class TwinCalibsParseTask(CalibsParseTask):
    def _translateFromCalibId(self, field, md):
        words = dict(word.split("=") for word in md.getScalar("CALIB_ID").split())
        return words[field]

    def translate_side(self, md):
        return self._translateFromCalibId("side", md)

    def translate_calibDate(self, md):
        return self._translateFromCalibId("calibDate", md)

    def translate_filter(self, md):
        return "NONE"
