"""Gen2's small helpers: one thing or many, and importing by name."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence, Set
from typing import Any

from persistence.composites import assemble
from persistence.errors import NotImportable, PolicyError

genericAssembler = assemble.generic_assembler  # noqa: N816  # Gen2's name
genericDisassembler = assemble.generic_disassembler  # noqa: N816  # Gen2's name


def listify(x: Any) -> list[Any]:
    """Return a list: empty for None, of one for a text, mapping or no container, else the items."""
    return [x] if isinstance(x, Mapping) else list(iterify(x))


def iterify(x: Any) -> Iterable[Any]:
    """Give what can be iterated: the thing itself if it can and is no text, else a list of it."""
    if x is None:
        return []
    return [x] if isinstance(x, str) or not isinstance(x, Iterable) else x


def sequencify(x: Any) -> Collection[Any]:
    """Return a sequence: a sequence or a set itself, a mapping's sorted keys, or a tuple."""
    if isinstance(x, Mapping):
        return tuple(sorted(x))
    if isinstance(x, str) or not isinstance(x, Iterable):
        return (x,)
    return x if isinstance(x, Sequence | Set) else tuple(x)


def setify(x: Any) -> set[Any]:
    """Return a set: empty for None, of one for a text or no container, else of the items."""
    return set(iterify(x))


def doImport(pythonType: str) -> Any:
    """Import what a dotted name leads to.

    ``package.module.name`` or ``package.module.Class.method``.

    Raises
    ------
    NotImportable
        If it leads to nothing. It is an `ImportError`, as Gen2's was.
    TypeError
        If it is no text.
    """
    if not isinstance(pythonType, str):
        raise TypeError(f"a dotted name has to be text, not {pythonType!r}")
    try:
        return assemble.do_import(pythonType.strip(), "doImport")
    except PolicyError as error:
        raise NotImportable(str(error)) from error
