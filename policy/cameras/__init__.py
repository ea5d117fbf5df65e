"""Cameras that are one YAML file each: the name of each is the path of its file."""

import os

_HERE = os.path.dirname(os.path.abspath(__file__))

comcam = os.path.join(_HERE, "comCam.yaml")
hsc = os.path.join(_HERE, "hsc.yaml")
imsim = os.path.join(_HERE, "imsim.yaml")
latiss = os.path.join(_HERE, "latiss.yaml")
lsstcam = os.path.join(_HERE, "lsstCam.yaml")
megacam = os.path.join(_HERE, "megacam.yaml")
phosim = os.path.join(_HERE, "phosim.yaml")
sdss = os.path.join(_HERE, "sdss.yaml")
suprimecam = os.path.join(_HERE, "suprimecam.yaml")
suprimecam_mit = os.path.join(_HERE, "suprimecamMit.yaml")
test = os.path.join(_HERE, "test.yaml")
test_calexp = os.path.join(_HERE, "testCalexp.yaml")
ts3 = os.path.join(_HERE, "ts3.yaml")
ts8 = os.path.join(_HERE, "ts8.yaml")
ucd = os.path.join(_HERE, "ucd.yaml")
