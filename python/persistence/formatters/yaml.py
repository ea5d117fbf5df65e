"""``YamlStorage``: plain data as YAML. No tag in a file can run code."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Hashable, Iterator, Mapping
from typing import Any

import yaml

from persistence.dataids.dataid import plain
from persistence.dataids.location import Location
from persistence.errors import FormatterError, PolicyError, UnsafeContent
from persistence.files import hashes, yaml_nodes

_TEXT = "tag:yaml.org,2002:str"
_PYTHON = "tag:yaml.org,2002:python/"


class _Loader(getattr(yaml, "CSafeLoader", yaml.SafeLoader)):  # type: ignore[misc]  # chosen at run time
    """A safe loader that also knows Python's own plain types, which Gen2 wrote with tags."""

    def construct_mapping(self, node: Any, deep: bool = False) -> Any:
        """Make a mapping, if its keys do not take for ever; see `hashes.refuse_bomb`."""
        keys = [key for key, _value in node.value] if isinstance(node.value, list) else []
        if len(keys) > hashes.MOST or any(isinstance(key.value, list) for key in keys):
            hashes.refuse_bomb(
                [
                    made
                    for key in keys
                    if key.tag != _TEXT
                    and isinstance(made := self.construct_object(key, deep=True), Hashable)
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
    found: dict[Any, Any] = loader.construct_mapping(node, deep=True)
    return found


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
    with _told(location.full_path), open(location.full_path, encoding="utf-8") as stream:
        return yaml.load(stream, Loader=_Loader)  # noqa: S506  # a subclass of the safe loader


def reader(constructors: Mapping[str, Callable[[Any, Any], Any]]) -> type:
    """Make a loader, for `load`, that knows some more tags.

    Each with a function of the loader and the node.
    """
    made = type("_Reader", (_Loader,), {})
    for tag, construct in constructors.items():
        made.add_constructor(tag, construct)  # type: ignore[attr-defined]  # the base is chosen at run time
    return made


def writer(representers: Mapping[type, Callable[[Any, Any], Any]]) -> type:
    """Make a dumper, for `dump`, that writes some more types.

    Each with a function of the dumper and the value.
    """
    made = type("_Writer", (_Dumper,), {})
    for kind, represent in representers.items():
        made.add_representer(kind, represent)  # type: ignore[attr-defined]  # the base is chosen at run time
    return made


def load(location: Location, loader: type = _Loader) -> Any:
    """Read a file whose parts will be walked through, with a loader that `reader` made.

    Raises
    ------
    UnsafeContent
        If it has a tag that the loader does not know.
    FormatterError
        If it is no YAML, or holds itself, or through anchors more than fits.
    """
    with _told(location.full_path), open(location.full_path, encoding="utf-8") as stream:
        text = stream.read()
        if "&" in text:
            yaml_nodes.compose_text(text, location.full_path)
        return yaml.load(text, Loader=loader)  # noqa: S506  # a subclass of the safe one


@contextlib.contextmanager
def _told(path: str) -> Iterator[None]:
    """Say what is wrong with a file in its name."""
    try:
        yield
    except PolicyError as error:
        raise FormatterError(str(error)) from error
    except yaml.constructor.ConstructorError as error:
        told = " ".join(str(error).split())
        if "could not determine a constructor" in told:
            raise UnsafeContent(f"{path}: {told}; nothing of it was run") from error
        raise FormatterError(f"{path} is not YAML: {told}") from error
    except hashes.TooManyAlikeError as error:
        raise FormatterError(f"{path}: {error}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise FormatterError(f"{path} is not YAML: {' '.join(str(error).split())}") from error


def write(obj: Any, path: str, location: Location) -> None:
    """Write plain data; numpy's numbers and arrays are written as numbers and lists."""
    dump(obj, path, location, _Dumper)


def dump(obj: Any, path: str, location: Location, dumper: type, flow: bool | None = False) -> None:
    """Write a file with a dumper that `writer` made.

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
