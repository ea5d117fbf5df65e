"""Gen2's name of `persistence.gen2types.obs.filters`."""

from persistence.gen2types.obs.filters import FilterDefinition, FilterDefinitionCollection

__all__ = ["FilterDefinition", "FilterDefinitionCollection"]
