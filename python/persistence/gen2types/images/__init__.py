"""Images, masks and exposures, and their components, by the names of ``lsst.afw.image``."""
