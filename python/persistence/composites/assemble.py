"""The assembly of composites from datasets of their own, and their disassembly."""

from __future__ import annotations

import contextlib
import functools
import importlib
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from persistence.composites import provenance
from persistence.errors import NOT_HERE, FormatterError, PersistenceError, PolicyError, did_you_mean
from persistence.policy.dataset_type import Component, DatasetType
from persistence.policy.stand_ins import stands_for


class ComponentInfo:
    """A component as assemblers and disassemblers receive it (doc/gen2/gen2-core.md 1.14).

    Parameters
    ----------
    part : `Component`
        The component's definition; its fields are attributes.
    obj : object, optional
        The component itself: assemblers read it, disassemblers set it.
    """

    def __init__(self, part: Component, obj: Any = None) -> None:
        self.obj = obj
        self.datasetType, self.setter, self.getter, self.subset, self.inputOnly = part[:5]


@functools.lru_cache(maxsize=256)
def do_import(name: str, source: str) -> Any:
    """Import a name in a policy: ``package.module.function`` or ``package.module.Class.method``.

    Raises
    ------
    PolicyError
        If it does not exist; the message has the position of the name.
    """
    parts = name.split(".")
    problem = "it is no dotted name"
    for end in range(len(parts) - 1, 0, -1):
        module = ".".join(parts[:end])
        try:
            found = importlib.import_module(module)
        except ModuleNotFoundError as error:
            if error.name is not None and f"{module}.".startswith(f"{error.name}."):
                problem = f"there is no module {module!r}"
                continue
            raise
        except ValueError:  # the name is empty
            break
        try:
            for part in parts[end:]:
                problem = f"{module} has no {part!r}"
                found = getattr(found, part)
                module = f"{module}.{part}"
        except AttributeError:
            break
        # The class of a placeholder for a missing name is known: gen2types/absent.py.
        if getattr(type(found), "origin", None) == NOT_HERE:
            problem = f"it is {NOT_HERE}"
            break
        return found
    raise PolicyError(f"{source}: {name!r} cannot be imported: {problem}")


def _found(said: Any, source: str) -> Any:
    """Return the object that a policy names; other objects, passed by a mapper, as they are."""
    return do_import(stands_for(said), source) if isinstance(said, str) else said


def _class_or_name(said: Any, source: str) -> Any:
    """Return the class that a policy names, or the name if there is no such class here."""
    if not isinstance(said, str):
        return said
    try:
        return do_import(stands_for(said), source)
    except PolicyError:
        return said


def assemble(
    dataset: DatasetType, info: Mapping[str, ComponentInfo], data_id: Mapping[str, Any]
) -> Any:
    """Return an object of a composite type, assembled from its components.

    Parameters
    ----------
    dataset : `DatasetType`
        The composite type.
    info : mapping of `str` to `ComponentInfo`
        The components, read.
    data_id : mapping
        The data ID.

    Returns
    -------
    object
        The object.

    Raises
    ------
    PolicyError
        If the assembler or the class cannot be imported.
    """
    function: Callable[..., Any] = _found(dataset.assembler, dataset.source) or generic_assembler
    cls = _class_or_name(dataset.python, dataset.source)
    if isinstance(cls, str) and function is generic_assembler:
        raise PolicyError(
            f"{dataset.source}: {cls!r} cannot be imported, and {dataset.name} names no assembler"
        )
    with _told(dataset, data_id, function):
        if _takes_objects("assembler", function, dataset.source):
            objects = {name: part.obj for name, part in info.items()}
            return function(dataId=data_id, componentDict=objects, classObj=cls)
        return function(dataId=data_id, componentInfo=info, cls=cls)


def _takes_objects(kind: str, function: Callable[..., Any], source: str) -> bool:
    # lazy: slow to import, only needed for composites
    from persistence.policy.signatures import OBJECTS, form_of

    return form_of(kind, function, source) == OBJECTS


def disassemble(
    dataset: DatasetType, obj: Any, data_id: Mapping[str, Any]
) -> dict[str, ComponentInfo]:
    """Return the components of an object of a composite type that are to be written.

    Parameters
    ----------
    dataset : `DatasetType`
        The composite type.
    obj : object
        The object.
    data_id : mapping
        The data ID.

    Returns
    -------
    `dict` [`str`, `ComponentInfo`]
        The components by name.

    Raises
    ------
    FormatterError
        If no component is ever written, or the disassembler omits one.
    """
    info = {name: ComponentInfo(part) for name, part in dataset.composite.items()}
    if all(part.inputOnly for part in info.values()):
        raise FormatterError(
            f"{dataset.name} is assembled from datasets that are never written; it cannot be put"
        )
    function: Callable[..., Any] = (
        _found(dataset.disassembler, dataset.source) or generic_disassembler
    )
    with _told(dataset, data_id, function):
        if _takes_objects("disassembler", function, dataset.source):
            given: dict[str, Any] = {}
            function(obj, dataId=data_id, componentDict=given)
            return _taken(dataset, info, given)
        function(obj=obj, dataId=data_id, componentInfo=info)
    return _taken(
        dataset, info, {name: part.obj for name, part in info.items() if part.obj is not None}
    )


def _taken(
    dataset: DatasetType, info: dict[str, ComponentInfo], given: Mapping[str, Any]
) -> dict[str, ComponentInfo]:
    """Return the components to write: all that are not read only.

    In the older form, a component that is None is not written.
    """
    for name in given:
        if name not in info:
            raise FormatterError(
                f"the disassembler of {dataset.name} returns {name!r}, which is not a "
                f"component{did_you_mean(name, info)}"
            )
    spare = {name for name, part in dataset.composite.items() if part.inputOnly or part.optional}
    missing = [name for name in info if name not in given and name not in spare]
    if missing:
        raise FormatterError(
            f"the disassembler of {dataset.name} omits {', '.join(missing)}; nothing was "
            f"written (a component that is never written has to be inputOnly)"
        )
    for name, part in info.items():
        part.obj = given.get(name)
    return {
        name: part for name, part in info.items() if part.obj is not None and not part.inputOnly
    }


@contextlib.contextmanager
def _told(
    dataset: DatasetType, data_id: Mapping[str, Any], function: Callable[..., Any]
) -> Iterator[None]:
    """Add a note with the function and the dataset to errors raised inside the block."""
    try:
        yield
    except PersistenceError:
        raise
    except Exception as error:
        name = (
            f"{getattr(function, '__module__', '')}.{getattr(function, '__qualname__', function)}"
        )
        error.add_note(
            f"This was raised by {name} on {dataset.name} {dict(data_id)} ({dataset.source})."
        )
        raise


def generic_assembler(
    dataId: Mapping[str, Any], componentInfo: Mapping[str, ComponentInfo], cls: Any
) -> Any:
    """Return an object created with the components as keyword arguments, or filled with them.

    If the class does not take them, a component that is already of the class, or else an empty
    object, is filled by setters, declared or named ``set_name`` or ``setName``, or by attributes of
    the component's name.

    Parameters
    ----------
    dataId : mapping
        The data ID of the composite; not used.
    componentInfo : mapping [`str`, `ComponentInfo`]
        The components by name, each with its object (``obj``) and setter.
    cls : `type` or `str`
        The class of the composite, or its importable name.

    Returns
    -------
    obj : object
        The composite.

    Raises
    ------
    FormatterError
        If the object has neither a setter nor an attribute for a component.
    """
    cls = do_import(stands_for(cls), "the policy") if isinstance(cls, str) else cls
    keywords = {name: part.obj for name, part in componentInfo.items()}
    takes = _takes(cls, tuple(keywords))
    if takes is not False:
        try:
            return cls(**keywords)
        except TypeError:
            if takes:
                raise
    # An image that is read alone is an exposure, too: next to another exposure it is a plane of it.
    planes = getattr(cls, "planes", ())
    base = next(
        (
            name
            for name in sorted(keywords, key=lambda name: name in planes and planes.index(name) + 1)
            if isinstance(cls, type) and isinstance(keywords[name], cls)
        ),
        None,
    )
    obj = cls() if base is None else keywords[base]
    for name, part in componentInfo.items():
        if name != base:
            _fill(obj, name, part)
    return obj


def generic_disassembler(
    obj: Any, dataId: Mapping[str, Any], componentInfo: Mapping[str, ComponentInfo]
) -> None:
    """Extract the components by getters or attributes.

    Getters are declared, or named ``get_name`` or ``getName``.

    Parameters
    ----------
    obj : object
        The composite.
    dataId : mapping
        Its data ID; not used.
    componentInfo : mapping [`str`, `ComponentInfo`]
        The components by name; their ``obj`` is set, except for those that are only read.

    Raises
    ------
    FormatterError
        If the object has neither a getter nor an attribute for a component.
    """
    for name, part in componentInfo.items():
        if not part.inputOnly:
            part.obj = part_of(obj, name, part.getter)


@functools.lru_cache(maxsize=256)
def _takes(cls: Any, keywords: tuple[str, ...]) -> bool | None:
    """Return whether a class accepts keywords, without calling it; None if that is unknown."""
    import inspect

    try:
        inspect.signature(cls).bind(**dict.fromkeys(keywords))
    except TypeError:
        return False
    except ValueError:  # implemented in C, without a signature
        return None
    return True


def _fill(made: Any, name: str, part: ComponentInfo) -> None:
    if part.setter is None and name in getattr(type(made), "planes", ()):
        try:
            made.fill(name, part.obj)
        except FormatterError as error:
            location = provenance.location(part.obj)
            where = part.datasetType if location is None else location.uri
            raise FormatterError(f"component {name!r}, {where}: {error}") from error
        return
    setter = _method(made, "set", name, part.setter)
    if setter is not None:
        setter(part.obj)
        return
    attribute = (
        None if part.setter else next((one for one in _spelled(name) if _has(made, one)), None)
    )
    if attribute is None:
        raise _lacks(made, "set", name, part.setter)
    setattr(made, attribute, part.obj)


def part_of(obj: Any, name: str, declared: str | None = None) -> Any:
    """Return a component of an object, from its getter or from an attribute of its name."""
    getter = _method(obj, "get", name, declared)
    if getter is not None:
        return getter()
    attribute = (
        None
        if declared
        else next((spelling for spelling in _spelled(name) if hasattr(obj, spelling)), None)
    )
    if attribute is None:
        raise _lacks(obj, "get", name, declared)
    return getattr(obj, attribute)


def _has(made: Any, attribute: str) -> bool:
    """Return whether an object has an attribute, or its class declares it.

    Slots, properties and annotations are declarations.
    """
    return (
        hasattr(made, attribute)
        or hasattr(type(made), attribute)
        or any(attribute in getattr(cls, "__annotations__", ()) for cls in type(made).__mro__)
    )


def _method(obj: Any, verb: str, name: str, declared: str | None) -> Callable[..., Any] | None:
    for method in _tried(verb, name, declared):
        if hasattr(obj, method):
            found: Callable[..., Any] = getattr(obj, method)
            return found
    return None


def _tried(verb: str, name: str, declared: str | None) -> list[str]:
    if declared:
        return [declared]
    camel = f"{verb}{name[:1].upper()}{name[1:]}"
    return list(
        dict.fromkeys(
            [f"{verb}_{name}", f"{verb}{name.capitalize()}", camel, f"{verb}_{_snake(name)}"]
        )
    )


def _spelled(name: str) -> tuple[str, str, str]:
    """Return the spellings of a component's name: as it is, photo_calib, photoCalib."""
    first, *rest = name.split("_")
    return name, _snake(name), first + "".join(word[:1].upper() + word[1:] for word in rest)


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])([A-Z])", lambda match: f"_{match.group(1).lower()}", name)


def _lacks(obj: Any, verb: str, name: str, declared: str | None) -> FormatterError:
    tried = [f"{method}()" for method in _tried(verb, name, declared)]
    tried += [] if declared else dict.fromkeys(_spelled(name))
    return FormatterError(
        f"{type(obj).__name__} has no method to {verb} component {name!r}, and no attribute: tried "
        f"{', '.join(tried)}"
    )
