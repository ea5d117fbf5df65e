"""A command-line task in Gen2's manner."""
import lsst.pex.config as pexConfig
import lsst.pipe.base as pipeBase
from lsst.daf.base import PropertyList


class CountPixelsConfig(pexConfig.Config):
    plane = pexConfig.Field(dtype=str, default="DETECTED", doc="Which mask plane")


class CountPixelsTask(pipeBase.CmdLineTask):
    ConfigClass = CountPixelsConfig
    _DefaultName = "countPixels"

    @classmethod
    def _makeArgumentParser(cls):
        parser = pipeBase.ArgumentParser(name=cls._DefaultName)
        parser.add_id_argument("--id", "calexp", help="data ID, e.g. --id visit=1 ccdnum=2")
        return parser

    @pipeBase.timeMethod
    def runDataRef(self, dataRef):
        mask = dataRef.get("calexp").getMaskedImage().getMask()
        bits = mask.getPlaneBitMask(self.config.plane)
        number = int((mask.getArray() & bits != 0).sum())
        metadata = PropertyList()
        metadata.set("NUMBER", number)
        self.log.info("%s has %d pixels of %s", dataRef.dataId, number, self.config.plane)
        print(dataRef.dataId["visit"], dataRef.dataId["ccdnum"], number > 0,
              metadata.getScalar("NUMBER") == number)
        return pipeBase.Struct(number=number)

    def _getConfigName(self):
        return None

    def _getMetadataName(self):
        return None


if __name__ == "__main__":
    CountPixelsTask.parseAndRun()
