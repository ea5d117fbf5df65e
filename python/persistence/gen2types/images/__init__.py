"""Images, masks and exposures, and what describes them, by the names of ``lsst.afw.image``."""
