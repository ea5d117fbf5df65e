"""Gen2's tasks of ingest, for camera packages to build on, over `persistence.ingest`.

A camera package's ``config/ingest.py`` is run with the configuration of these tasks. It is code of
the package: whoever imports the package's mapper trusts it.
"""
