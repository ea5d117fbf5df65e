"""A cutout of a calexp around its brightest source, with the mask over it."""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import lsst.afw.display as afwDisplay
import lsst.geom as geom
from lsst.daf.persistence import Butler

root, visit, ccd, out = sys.argv[1], int(sys.argv[2]), int(sys.argv[3]), sys.argv[4]
afwDisplay.setDefaultBackend("matplotlib")
butler = Butler(root)
dataId = dict(visit=visit, ccd=ccd)
calexp = butler.get("calexp", **dataId)
src = butler.get("src", **dataId)
flux = src.getPsfInstFlux()
bbox = geom.Box2D(calexp.getBBox())
bbox.grow(-30)
inside = np.array([bbox.contains(record.getCentroid()) for record in src])
record = src[int(np.argmax(np.where(inside & np.isfinite(flux), flux, -np.inf)))]
cutout = calexp.getCutout(record.getCoord(), geom.Extent2I(40, 30))
assert cutout.getDimensions() == geom.Extent2I(40, 30)

fig = plt.figure(figsize=(6, 5))
display = afwDisplay.Display(frame=fig)
display.scale("asinh", "zscale")
display.setMaskTransparency(70)
display.setMaskPlaneColor("DETECTED", "blue")
display.mtv(cutout)
with display.Buffering():
    for each in src:
        if geom.Box2D(cutout.getBBox()).contains(each.getCentroid()):
            display.dot("o", each.getX(), each.getY(), size=4, ctype="red")
fig.savefig(out)

mask = cutout.mask
detected = mask.array & mask.getPlaneBitMask("DETECTED") != 0
x, y = record.getCentroid()
sky = calexp.getWcs().pixelToSky(record.getCentroid())
print("peak", float(cutout.image.array.max()) == float(
    calexp.image[geom.Box2I(cutout.getBBox())].array.max()))
print("detected", bool(detected.any()), sorted(mask.getMaskPlaneDict())[:2])
print("separation", sky.separation(record.getCoord()).asArcseconds() < 1e-3)
print("origin", cutout.getXY0() == geom.Point2I(geom.Point2D(x - 20 + 0.5, y - 15 + 0.5)))
