"""The cells of a notebook of 2018, as they stand; the function in it was the notebook's own."""
import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt

import lsst.daf.persistence as daf_persistence
from lsst.afw.image import PARENT


def overlay_masks(exp, bbox, sources):
    cutout = exp.Factory(exp, bbox, PARENT)
    plt.imshow(cutout.getMaskedImage().getImage().getArray(), origin="lower")
    x, y = sources.getX(), sources.getY()
    inside = [bbox.contains(int(a), int(b)) for a, b in zip(x, y)]
    plt.plot(x[inside] - cutout.getX0(), y[inside] - cutout.getY0(), "r.")
    plt.savefig("notebook.png")
    print("inside", sum(inside) > 0, cutout.getDimensions())


butler = daf_persistence.Butler('singlechip_sample')
exp = butler.get('calexp', visit=410877, ccd=28, filter='r')
import lsst.afw.geom as afw_geom
bbox = afw_geom.Box2I(afw_geom.Point2I(1024, 1024), afw_geom.Extent2I(512, 512))
sources = butler.get('src', visit=410877, ccd=28, filter='r')
overlay_masks(exp, bbox=bbox, sources=sources)
