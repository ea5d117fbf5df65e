"""Composites: objects assembled from datasets of their own, and taken apart into them."""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from typing import Any

from persistence.datasettype import Component, DatasetType
from persistence.errors import FormatterError, PolicyError


class ComponentInfo:
    """A component on its way in or out, as assemblers and disassemblers know it (gen2-core 1.14).

    Attributes
    ----------
    obj : object
        The component itself: assemblers read it, disassemblers set it.
    datasetType, setter, getter, subset, inputOnly
        See `Component`.
    """

    def __init__(self, part: Component, obj: Any = None) -> None:
        self.obj = obj
        self.datasetType, self.setter, self.getter, self.subset, self.inputOnly = part[:5]


def do_import(name: str, source: str) -> Any:
    """Import what a policy names: ``package.module.function`` or ``package.module.Class.method``.

    Raises
    ------
    PolicyError
        If there is no such thing; the message says where it is named.
    """
    parts = name.split(".")
    for end in range(len(parts) - 1, 0, -1):
        try:
            found = importlib.import_module(".".join(parts[:end]))
        except ModuleNotFoundError as error:
            tried = ".".join(parts[:end])
            if error.name is not None and f"{tried}.".startswith(f"{error.name}."):
                continue
            raise
        except ValueError:  # an empty name
            break
        try:
            for part in parts[end:]:
                found = getattr(found, part)
        except AttributeError:
            break
        return found
    raise PolicyError(f"{source}: {name!r} cannot be imported")


def _found(said: Any, source: str) -> Any:
    """Give what a policy names, or what a mapper gave as it is."""
    return do_import(said, source) if isinstance(said, str) else said


def assemble(dataset: DatasetType, fetch: Callable[[Component], Any], data_id: Mapping[str, Any]) -> Any:
    """Make an object of a composite type from its components.

    Parameters
    ----------
    dataset : `DatasetType`
        What is to be made.
    fetch : callable
        Reads one component.
    data_id : mapping
        The data ID.
    """
    info = {name: ComponentInfo(part, fetch(part)) for name, part in dataset.composite.items()}
    assembler = _found(dataset.assembler, dataset.source) or generic_assembler
    return assembler(dataId=data_id, componentInfo=info, cls=dataset.python)


def disassemble(dataset: DatasetType, obj: Any, data_id: Mapping[str, Any]) -> dict[str, ComponentInfo]:
    """Take an object of a composite type apart; gives the components that are to be written."""
    info = {name: ComponentInfo(part) for name, part in dataset.composite.items()}
    if all(part.inputOnly for part in info.values()):
        raise FormatterError(f"{dataset.name} is assembled from datasets that are only read; it cannot be put")
    taker = _found(dataset.disassembler, dataset.source) or generic_disassembler
    taker(obj=obj, dataId=data_id, componentInfo=info)
    return {name: part for name, part in info.items() if not part.inputOnly}


def generic_assembler(dataId: Mapping[str, Any], componentInfo: Mapping[str, ComponentInfo], cls: Any) -> Any:
    """Make an object by its constructor's keywords, else by setters: declared, ``set_name``, ``setName``."""
    cls = do_import(cls, "the policy") if isinstance(cls, str) else cls
    keywords = {name: part.obj for name, part in componentInfo.items()}
    takes = _takes(cls, keywords)
    if takes is not False:
        try:
            return cls(**keywords)
        except TypeError:
            if takes:
                raise
    made = cls()
    for name, part in componentInfo.items():
        _method(made, "set", name, part.setter)(part.obj)
    return made


def generic_disassembler(obj: Any, dataId: Mapping[str, Any], componentInfo: Mapping[str, ComponentInfo]) -> None:
    """Take the components out by getters: declared, ``get_name``, ``getName``."""
    for name, part in componentInfo.items():
        part.obj = _method(obj, "get", name, part.getter)()


def _takes(cls: Any, keywords: Mapping[str, Any]) -> bool | None:
    """Say whether a class can be called with these keywords, without calling it; None if only that would tell."""
    import inspect

    try:
        inspect.signature(cls).bind(**keywords)
    except TypeError:
        return False
    except ValueError:  # written in C, without a signature
        return None
    return True


def _method(obj: Any, verb: str, name: str, declared: str | None) -> Callable[..., Any]:
    tried = (
        [declared]
        if declared
        else [f"{verb}_{name}", f"{verb}{name.capitalize()}", f"{verb}{name[:1].upper()}{name[1:]}"]
    )
    for method in tried:
        if hasattr(obj, method):
            found: Callable[..., Any] = getattr(obj, method)
            return found
    raise FormatterError(
        f"{type(obj).__name__} has no method to {verb} component {name!r} (tried {', '.join(tried)})"
    )
