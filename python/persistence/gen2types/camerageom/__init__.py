"""Cameras, detectors and amplifiers, by the names of ``lsst.afw.cameraGeom``."""
