"""Gen2's names of the tasks that read templates; other names raise an error."""

from persistence.gen2types import absent

_MODULES = {
    "GetCalexpAsTemplateTask": "persistence.tasks.difference.template",
    "GetCoaddAsTemplateTask": "persistence.tasks.difference.template",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
