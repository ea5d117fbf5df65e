"""Gen2's name of `persistence.tasks.char_image`; other names raise an error."""

from persistence.gen2types import absent

_MODULES = {
    "CharacterizeImageTask": "persistence.tasks.char_image",
    "CharacterizeImageConfig": "persistence.tasks.char_image",
}


__getattr__, __dir__ = absent.lending(__name__, _MODULES)
