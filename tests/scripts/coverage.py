"""Which tracts and patches of a sky map the detectors of a visit cover."""
import sys

import lsst.geom as geom
from lsst.daf.persistence import Butler

root, visit = sys.argv[1], int(sys.argv[2])
butler = Butler(root)
skyMap = butler.get("deepCoadd_skyMap")
covered = {}
for dataRef in butler.subset("calexp", visit=visit):
    if not dataRef.datasetExists():
        continue
    calexp = dataRef.get("calexp")
    wcs = calexp.getWcs()
    corners = [wcs.pixelToSky(geom.Point2D(corner)) for corner in calexp.getBBox().getCorners()]
    for tract, patches in skyMap.findTractPatchList(corners):
        covered.setdefault(tract.getId(), set()).update(patch.getIndex() for patch in patches)
    middle = wcs.pixelToSky(geom.Box2D(calexp.getBBox()).getCenter())
    tract = skyMap.findTract(middle)
    patch = tract.findPatch(middle)
    inner = geom.Box2D(patch.getInnerBBox())
    assert inner.contains(tract.getWcs().skyToPixel(middle))
    assert patch.getIndex() in covered[tract.getId()]
print("tracts", sorted(covered), all(covered.values()))
