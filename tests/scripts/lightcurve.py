"""The magnitudes of the brightest star on each visit on which it was seen."""
import sys

import numpy as np

import lsst.afw.geom as afwGeom
import lsst.afw.table as afwTable
import lsst.geom as geom
from lsst.daf.persistence import Butler, NoResults

root, ccd = sys.argv[1], int(sys.argv[2])
butler = Butler(root)
curve, target = [], None
for visit in butler.queryMetadata("calexp", ["visit"], dataId={"ccdnum": ccd}):
    dataId = {"visit": visit[0] if isinstance(visit, tuple) else visit, "ccdnum": ccd}
    try:
        src = butler.get("src", dataId, flags=afwTable.SOURCE_IO_NO_FOOTPRINTS)
        info = butler.get("calexp_visitInfo", dataId)
        calib = butler.get("calexp_photoCalib", dataId)
    except NoResults:
        continue
    src = src.copy(deep=True)
    mags = calib.instFluxToMagnitude(src, "base_PsfFlux")
    if target is None:
        ok = np.isfinite(mags[:, 0]) & ~np.array(src["base_PixelFlags_flag_saturatedCenter"])
        target = src[int(np.argmin(np.where(ok, mags[:, 0], np.inf)))].getCoord()
    one = afwTable.SimpleCatalog(afwTable.SimpleTable.makeMinimalSchema())
    one.addNew().setCoord(target)
    matches = afwTable.matchRaDec(one, src, 2.0 * geom.arcseconds)
    for match in matches:
        where = [record.getId() for record in src].index(match.second.getId())
        curve.append((info.getDate().get(), mags[where, 0], match.distance * afwGeom.radians))
for mjd, mag, distance in curve:
    print("%.5f %.2f %s" % (mjd, mag, distance.asArcseconds() < 1.0))
print("points", len(curve))
