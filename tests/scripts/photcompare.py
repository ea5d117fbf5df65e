"""The photometry of two reruns, star by star."""
import sys

import numpy as np

import lsst.afw.table as afwTable
import lsst.daf.persistence as dafPersist
from lsst.geom import arcseconds

one, other, visit, ccd = sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
dataId = {"visit": visit, "ccdnum": ccd}
catalogs = []
for root in (one, other):
    butler = dafPersist.Butler(root)
    src = butler.get("src", dataId)
    calib = butler.get("calexp", dataId).getPhotoCalib()
    catalogs.append((src, calib))
(a, calibA), (b, calibB) = catalogs
matches = afwTable.matchRaDec(a, b, 1.0 * arcseconds)
flux = np.array([(m.first.getPsfInstFlux(), m.second.getPsfInstFlux()) for m in matches])
good = (flux > 0).all(axis=1)
mags = np.array([
    [calibA.instFluxToMagnitude(f), calibB.instFluxToMagnitude(g)] for f, g in flux[good]
])
diff = mags[:, 0] - mags[:, 1]
print("matched", len(matches) > 0.8 * min(len(a), len(b)))
print("median", abs(float(np.median(diff))) < 0.02)
print("zero", calibA.getInstFluxAtZeroMagnitude() > 0, calibB.getCalibrationMean() > 0)
