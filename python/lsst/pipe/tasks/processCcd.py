"""Gen2's name of `persistence.tasks.process_ccd`; other names raise an error."""

from persistence.gen2types import absent

_MODULES = {
    "ProcessCcdTask": "persistence.tasks.process_ccd",
    "ProcessCcdConfig": "persistence.tasks.process_ccd_config",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
