"""Gen2's name of `persistence.tasks.colorterms`; other names raise an error."""

from persistence.gen2types import absent

_NAMES = ("Colorterm", "ColortermDict", "ColortermLibrary")


__getattr__, __dir__ = absent.lending(
    __name__, dict.fromkeys(_NAMES, "persistence.tasks.colorterms")
)
