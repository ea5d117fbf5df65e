"""Gen2's names of `persistence.tasks.image_difference`; others raise an error."""

from persistence.gen2types import absent

_MODULES = {
    "ImageDifferenceTask": "persistence.tasks.image_difference",
    "ImageDifferenceConfig": "persistence.tasks.image_difference_config",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
