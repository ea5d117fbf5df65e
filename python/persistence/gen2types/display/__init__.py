"""Pictures of images, by the names of ``lsst.afw.display``."""
