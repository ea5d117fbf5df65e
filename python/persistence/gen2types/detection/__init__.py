"""Afw's footprints: which pixels belong to a source."""
