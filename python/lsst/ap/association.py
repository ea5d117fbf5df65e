"""Gen2's names of `persistence.tasks`' association; other names raise an error."""

from persistence.gen2types import absent

_MODULES = {
    "AssociationTask": "persistence.tasks.associate",
    "AssociationConfig": "persistence.tasks.associate",
    "DiaPipelineTask": "persistence.tasks.dia_pipe",
    "DiaPipelineConfig": "persistence.tasks.dia_pipe_config",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
