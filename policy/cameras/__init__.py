"""Cameras that are one YAML file each: the name of each is the path of its file."""

import os

_HERE = os.path.dirname(os.path.abspath(__file__))

hsc = os.path.join(_HERE, "hsc.yaml")
imsim = os.path.join(_HERE, "imsim.yaml")
latiss = os.path.join(_HERE, "latiss.yaml")
megacam = os.path.join(_HERE, "megacam.yaml")
test = os.path.join(_HERE, "test.yaml")
test_calexp = os.path.join(_HERE, "testCalexp.yaml")
