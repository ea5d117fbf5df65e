"""Gen2's name of `persistence.tasks.calibrate`; other names raise an error."""

from persistence.gen2types import absent

_MODULES = {
    "CalibrateTask": "persistence.tasks.calibrate",
    "CalibrateConfig": "persistence.tasks.calibrate_config",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
