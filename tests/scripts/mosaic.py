"""The focal plane of a camera: outlines of its detectors, and the pixels of those that are there."""
import sys

import matplotlib

matplotlib.use("Agg")
import matplotlib.pyplot as plt
import numpy as np

import lsst.geom as geom
from lsst.afw.cameraGeom import FOCAL_PLANE, PIXELS, SCIENCE
from lsst.daf.persistence import Butler

root, visit, out = sys.argv[1], int(sys.argv[2]), sys.argv[3]
butler = Butler(root)
camera = butler.get("camera")
fig, ax = plt.subplots()
shown = 0
for detector in camera:
    if detector.getType() != SCIENCE:
        continue
    corners = detector.getCorners(FOCAL_PLANE)
    xs, ys = zip(*[(corner.getX(), corner.getY()) for corner in corners])
    ax.plot([*xs, xs[0]], [*ys, ys[0]], "k-", lw=0.5)
    dataId = {"visit": visit, "ccdnum": detector.getId()}
    if butler.datasetExists("calexp", dataId):
        image = butler.get("calexp", dataId).image.array[::8, ::8]
        ax.imshow(image, extent=(min(xs), max(xs), min(ys), max(ys)), origin="lower")
        shown += 1
ax.set_xlim(-260, 260)
ax.set_ylim(-260, 260)
fig.savefig(out)
one = camera["S1"]
center = one.getCenter(FOCAL_PLANE)
(found,) = camera.findDetectors(center, FOCAL_PLANE)
back = one.transform(center, FOCAL_PLANE, PIXELS)
middle = geom.Box2D(one.getBBox()).getCenter()
print("name", camera.getName(), one.getName() == found.getName(), len(camera) >= 60)
print("shown", shown)
print("center", np.hypot(back.getX() - middle.getX(), back.getY() - middle.getY()) < 1e-6)
