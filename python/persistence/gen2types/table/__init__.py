"""Afw's tables: schemas, keys, records and catalogs over astropy's columns."""
