"""Size against magnitude of a tract's catalog, patch by patch."""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import lsst.daf.persistence as dafPersist
from lsst.afw.image import abMagFromFlux

root, tract, band, out = sys.argv[1], int(sys.argv[2]), sys.argv[3], sys.argv[4]
butler = dafPersist.Butler(root)
skymap = butler.get("deepCoadd_skyMap")
whole = None
for patch in skymap[tract]:
    dataId = {"tract": tract, "patch": "%d,%d" % patch.getIndex(), "filter": band}
    if not butler.datasetExists("deepCoadd_forced_src", dataId):
        continue
    catalog = butler.get("deepCoadd_forced_src", dataId)
    if whole is None:
        whole = type(catalog)(catalog.schema)
        whole.reserve(len(catalog))
    whole.extend(catalog, deep=True)
whole = whole.copy(deep=True)
assert whole.isContiguous()
flux = whole["base_PsfFlux_instFlux"]
good = np.isfinite(flux) & (flux > 0)
shape = whole.getShape() if hasattr(whole, "getShape") else None
size = np.sqrt(0.5 * (whole.getIxx() + whole.getIyy()))
mag = -2.5 * np.log10(flux[good])
plt.plot(mag, size[good], ".")
plt.xlabel("instrumental magnitude")
plt.savefig(out)
table = whole.asAstropy()
print("rows", len(whole) == len(table) > 0, "patches", len(skymap[tract]) > 0)
print("zero", abs(round(float(abMagFromFlux(3631.0)), 6)))
print("names", "base_PsfFlux_instFlux" in whole.schema.getNames())
