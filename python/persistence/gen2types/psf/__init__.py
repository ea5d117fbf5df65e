"""Point spread functions, by the names of ``lsst.afw.detection`` and ``lsst.meas.algorithms``."""
