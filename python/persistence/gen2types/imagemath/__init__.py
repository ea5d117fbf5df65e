"""Statistics, backgrounds and simple operations of images, by the names of ``lsst.afw.math``."""
