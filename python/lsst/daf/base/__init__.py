"""Gen2's name of properties and moments."""

from persistence.gen2types import absent, yaml_tags
from persistence.gen2types.datetimes import DateTime
from persistence.gen2types.properties import Persistable, PropertyList, PropertySet

__all__ = ["DateTime", "Persistable", "PropertyList", "PropertySet"]

yaml_tags.register()

absent.install()
