"""A camera package in Gen2's manner: ingest, look up, read, write."""
import os
import sys

import lsst.daf.persistence as dafPersist
from lsst.obs.twin import TwinMapper
from lsst.obs.twin.ingest import TwinIngestTask
from lsst.pipe.tasks.ingestCalibs import IngestCalibsTask

raws, bias = sys.argv[1:3]
os.makedirs("twin")
os.makedirs("twincalib")
with open("twin/_mapper", "w") as stream:
    stream.write("lsst.obs.twin.TwinMapper\n")
camera = ["--mapper", "lsst.obs.twin.TwinMapper", "--mode", "copy"]
TwinIngestTask.parseAndRun(["twin", raws, *camera])
IngestCalibsTask.parseAndRun(
    ["twin", bias, *camera, "--calib", "twincalib", "--validity", "30"]
)
butler = dafPersist.Butler(
    inputs={"root": "twin", "mapper": TwinMapper, "mapperArgs": {"calibRoot": "twincalib"}},
    outputs={"root": "twin/rerun/a", "mode": "rw"},
)
print(butler.queryMetadata("raw", ["visit", "side", "filter"]))
dataId = {"visit": "42", "side": "2,2"}
raw = butler.get("raw", dataId)
info = raw.getInfo().getVisitInfo()
print(raw.getFilter().getName(), raw.getDetector().getName(), info.getExposureId(),
      info.getExposureTime(), info.getBoresightRaDec().getRa().asDegrees())
print(butler.get("raw_md", dataId).getScalar("Computed_ccdExposureId"),
      butler.get("ccdExposureId", dataId), butler.get("expIdInfo", dataId).expBits)
biasId = {"visit": 42, "side": "1,1"}
print(butler.get("bias", biasId).getDimensions())
butler.put(raw, "calexp", dataId)
calexp = butler.get("calexp", dataId)
print(os.path.relpath(butler.get("calexp_filename", dataId)[0]),
      (calexp.image.array == raw.image.array).all())
butler.put("clear", "nightlog", visit=42)
print(os.path.exists("twin/rerun/a/logs/night42.txt") or os.listdir("twin"),
      butler.get("nightlog", visit=42), butler.get("weather"))
print([detector.getName() for detector in butler.get("camera")])
