"""The alert production database: what was found on difference images, and what it belongs to."""

from persistence.files import extras

extras.guard(__name__, "The alert production database", "lsst.pex.config", "scipy")
