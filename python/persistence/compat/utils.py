"""Gen2's small helpers: one object or many, and importing by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any

from persistence.composites import assemble
from persistence.errors import NotImportable, PolicyError

genericAssembler = assemble.generic_assembler  # noqa: N816  # Gen2's name
genericDisassembler = assemble.generic_disassembler  # noqa: N816  # Gen2's name


def listify(x: Any) -> list[Any]:
    """Return a list of one object or many.

    Parameters
    ----------
    x : object
        None, a text, a mapping, or a container.

    Returns
    -------
    items : `list`
        Empty for None; one item for a text, a mapping or no container; otherwise the items.
    """
    return [x] if isinstance(x, Mapping) else list(iterify(x))


def iterify(x: Any) -> Iterable[Any]:
    """Return an iterable: the object itself unless it is a text or no container, else a list of it.

    Parameters
    ----------
    x : object
        The object.

    Returns
    -------
    items : iterable
        The iterable.
    """
    if x is None:
        return []
    return [x] if isinstance(x, str) or not isinstance(x, Iterable) else x


def sequencify(x: Any) -> Collection[Any]:
    """Return a sequence of one object or many.

    Parameters
    ----------
    x : object
        The object.

    Returns
    -------
    items : collection
        A sequence or a set itself, the sorted keys of a mapping, or a tuple.
    """
    if isinstance(x, Mapping):
        return tuple(sorted(x))
    if isinstance(x, str) or not isinstance(x, Iterable):
        return (x,)
    return x if isinstance(x, Sequence | Set) else tuple(x)


def setify(x: Any) -> set[Any]:
    """Return a set of one object or many.

    Parameters
    ----------
    x : object
        The object.

    Returns
    -------
    items : `set`
        Empty for None; one item for a text or no container; otherwise the items.
    """
    return set(iterify(x))


def doImport(pythonType: str) -> Any:
    """Import the object with a dotted name.

    Parameters
    ----------
    pythonType : `str`
        ``package.module.name`` or ``package.module.Class.method``.

    Returns
    -------
    obj : object
        The object.

    Raises
    ------
    NotImportable
        If there is none. It is an `ImportError`, as Gen2's was.
    TypeError
        If the name is not text.
    """
    if not isinstance(pythonType, str):
        raise TypeError(f"a dotted name must be text, not {pythonType!r}")
    try:
        return assemble.do_import(pythonType.strip(), "doImport")
    except PolicyError as error:
        raise NotImportable(str(error)) from error
