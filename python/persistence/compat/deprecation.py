"""Gen2's deprecation warnings, which scripts may turn off; nothing is deprecated here."""

from __future__ import annotations

from typing import TypeVar

_Class = TypeVar("_Class", bound=type)

# How often to warn: always, once for each class (False), or once in all (None). It is not used.
always_warn: bool | None = False


def deprecate_class(cls: _Class) -> _Class:
    """Return the class unchanged; Gen2 returned one that warned of its deprecation.

    Parameters
    ----------
    cls : `type`
        The class.

    Returns
    -------
    cls : `type`
        The same class.
    """
    return cls
