"""What Gen2's camera packages build on: the names of ``lsst.obs.base``, besides mappings."""
