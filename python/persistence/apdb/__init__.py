"""The alert production database: sources on difference images, and their objects."""

from persistence.files import extras

extras.guard(__name__, "The alert production database", "lsst.pex.config", "scipy")
