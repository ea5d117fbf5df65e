"""Sky maps, tracts and patches, by the names of ``lsst.skymap``."""
