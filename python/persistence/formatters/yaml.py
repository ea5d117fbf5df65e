"""``YamlStorage``: plain data as YAML; no tag in a file can run code."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from typing import Any

import yaml

from persistence.dataids.dataid import plain
from persistence.dataids.location import Location
from persistence.errors import FormatterError, PolicyError, UnsafeContent
from persistence.files import content, hashes, yaml_nodes

_TEXT = "tag:yaml.org,2002:str"
_PYTHON = "tag:yaml.org,2002:python/"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """A safe loader that also knows Python's own plain types, which Gen2 wrote with tags."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Return a mapping, if hashing its keys is not an attack; see `hashes.refuse_bomb`."""
        pairs = node.value if isinstance(node.value, list) else ()
        is_odd = len(pairs) > hashes.MOST
        for key, _value in pairs:  # nearly always names, and the loop is cheap
            if key.tag != _TEXT and key.value.__class__ is list:
                is_odd = True
        if is_odd:
            hashes.refuse_bomb(
                [
                    constructed
                    for key, _value in pairs
                    if key.tag != _TEXT
                    and isinstance(constructed := self.construct_object(key, deep=True), Hashable)
                ]
            )
        return super().construct_mapping(node, deep)


class _Dumper(getattr(yaml, "CSafeDumper", yaml.SafeDumper)):  # type: ignore[misc]  # chosen at run time
    """A safe dumper that writes tuples, and numpy's numbers and arrays as plain ones."""


def _tuple(loader: Any, node: Any) -> tuple[Any, ...]:
    return tuple(loader.construct_sequence(node, deep=True))


def _complex(loader: Any, node: Any) -> complex:
    return complex(loader.construct_scalar(node))


def _mapping(loader: Any, node: Any) -> dict[Any, Any]:
    mapping: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return mapping


_Loader.add_constructor(f"{_PYTHON}tuple", _tuple)
_Loader.add_constructor(f"{_PYTHON}complex", _complex)
_Loader.add_constructor(f"{_PYTHON}dict", _mapping)
for _name in ("str", "unicode", "bool", "int", "long", "float", "none", "list"):
    _plain = {"unicode": "str", "long": "int", "none": "null", "list": "seq"}.get(_name, _name)
    _Loader.add_constructor(
        f"{_PYTHON}{_name}", yaml.SafeLoader.yaml_constructors[f"tag:yaml.org,2002:{_plain}"]
    )


def _represent_tuple(dumper: Any, value: tuple[Any, ...]) -> Any:
    return dumper.represent_sequence(f"{_PYTHON}tuple", value)


def _represent_other(dumper: Any, given: Any) -> Any:
    value = plain(given)
    if type(value).__module__ == "numpy" and hasattr(value, "tolist"):
        value = value.tolist()
    if type(value) in dumper.yaml_representers:
        return dumper.represent_data(value)
    if isinstance(value, dict):  # subclasses, such as DataId
        return dumper.represent_dict(dict(value))
    if isinstance(value, list):
        return dumper.represent_list(list(value))
    if isinstance(value, str):
        return dumper.represent_str(str(value))
    raise yaml.representer.RepresenterError(f"cannot write {type(given)}")


_Dumper.add_representer(tuple, _represent_tuple)
_Dumper.add_multi_representer(object, _represent_other)


def read(location: Location) -> Any:
    """Read plain data: mappings, lists, tuples, strings, numbers, dates."""
    path = location.full_path
    try:
        return yaml.load(content.read(path).decode(), Loader=_Loader)  # noqa: S506  # a subclass of the safe one
    except (PolicyError, yaml.YAMLError, ValueError) as error:
        raise _refusal(error, path) from error


def reader(constructors: Mapping[str, Callable[[Any, Any], Any]]) -> type:
    """Return a loader, for `load`, that knows more tags, each by a function of loader and node."""
    reader = type("_Reader", (_Loader,), {})
    for tag, construct in constructors.items():
        reader.add_constructor(tag, construct)  # type: ignore[attr-defined]  # the base is chosen at run time
    return reader


def writer(representers: Mapping[type, Callable[[Any, Any], Any]]) -> type:
    """Return a dumper, for `dump`, that writes more types, each by a function."""
    writer = type("_Writer", (_Dumper,), {})
    for kind, represent in representers.items():
        writer.add_representer(kind, represent)  # type: ignore[attr-defined]  # the base is chosen at run time
    return writer


def load(location: Location, loader: type = _Loader) -> Any:
    """Read a file with a loader from `reader`.

    Raises
    ------
    UnsafeContent
        If it has a tag that the loader does not know.
    FormatterError
        If it is no YAML, or holds itself, or through anchors more than fits.
    """
    path = location.full_path
    try:
        text = content.read(path).decode()
        if "&" in text:
            yaml_nodes.compose_text(text, path)
        return yaml.load(text, Loader=loader)  # noqa: S506  # a subclass of the safe one
    except (PolicyError, yaml.YAMLError, ValueError) as error:
        raise _refusal(error, path) from error


def _refusal(error: Exception, path: str) -> FormatterError:
    """Return the error that names the file and the problem."""
    text = " ".join(str(error).split())
    if isinstance(error, PolicyError):
        return FormatterError(str(error))
    if isinstance(error, yaml.constructor.ConstructorError):
        if "could not determine a constructor" in text:
            return UnsafeContent(f"{path}: {text}; nothing of it was run")
        return FormatterError(f"{path} is not YAML: {text}")
    if isinstance(error, hashes.TooManyAlikeError):
        return FormatterError(f"{path}: {error}")
    return FormatterError(f"{path} is not YAML: {text}")


def write(obj: Any, path: str, location: Location) -> None:
    """Write plain data; numpy's numbers and arrays are written as numbers and lists."""
    dump(obj, path, location, _Dumper)


def dump(obj: Any, path: str, location: Location, dumper: type, flow: bool | None = False) -> None:
    """Write a file with a dumper from `writer`.

    ``flow=None`` writes the innermost lists on one line.
    """
    try:
        with open(path, "w", encoding="utf-8") as stream:
            yaml.dump(
                obj,
                stream,
                Dumper=dumper,
                default_flow_style=flow,
                sort_keys=False,
                allow_unicode=True,
            )
    except yaml.YAMLError as error:
        raise FormatterError(
            f"{location.datasetType}: YamlStorage holds plain data: {error}"
        ) from error
