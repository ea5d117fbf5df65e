"""Gen2's names of `persistence.tasks.ap_pipe`; ``config`` has its files of settings."""

from persistence.gen2types import absent

_MODULES = {
    "ApPipeTask": "persistence.tasks.ap_pipe",
    "ApPipeConfig": "persistence.tasks.ap_pipe_config",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
