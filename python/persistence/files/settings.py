"""Settings of a repository that Gen2 lacks: its ``.persistence/settings.yaml``.

Gen2 ignores the file. Of all settings, readers need the pins alone: errors in others, which say
how the repository is written, do not keep anybody from reading.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from persistence.errors import PolicyError, RepositoryError, did_you_mean
from persistence.files import marks

FILE = marks.SETTINGS
# The word without which a file has no pins.
_PIN = "pin"


class Settings(NamedTuple):
    """The settings of a repository.

    Attributes
    ----------
    shared : `str` or None
        ``group`` if all members of the directory's group write to the repository.
    pins : mapping [`str`, `tuple` [`str`]]
        For dataset types, or patterns of some, the repositories in which they are looked up, in
        order: paths relative to the repository.
    """

    shared: str | None = None
    pins: Mapping[str, tuple[str, ...]] = {}


def read(root: str) -> Settings:
    """Read the settings of a repository; without the file, all have their defaults.

    Raises
    ------
    RepositoryError
        If the file cannot be read, or contains an invalid setting.
    """
    return Settings(**_values(root, dict(_READERS)))


def pins(root: str) -> Mapping[str, tuple[str, ...]]:
    """Read the pins of a repository alone; other settings may be invalid.

    Raises
    ------
    RepositoryError
        If the file cannot be read, the pins are invalid, or a setting is similar to ``pins``.
    """
    path = os.path.join(root, FILE)
    try:
        with open(path, encoding="utf-8", errors="replace") as stream:
            if _PIN not in stream.read().lower():
                return {}
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError:
        pass  # reported below
    known: Mapping[str, tuple[str, ...]] = _values(root, {"pins": _pins}).get("pins", {})
    return known


def changed(root: str, **values: Any) -> str:
    """Return the new content of a repository's settings file, with some settings changed.

    Raises
    ------
    RepositoryError
        If the existing settings cannot be read.
    """
    from persistence.files import yaml_nodes

    known = {**read(root)._asdict(), **values}
    known["pins"] = {
        name: paths[0] if len(paths) == 1 else list(paths) for name, paths in known["pins"].items()
    }
    return yaml_nodes.block({name: value for name, value in known.items() if value})


def _values(root: str, readers: Mapping[str, Callable[[str, Any], Any]]) -> dict[str, Any]:
    """Return some settings of a repository; those without a reader are only checked for typos."""
    path = os.path.join(root, FILE)
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return {}
    except OSError as error:
        raise RepositoryError(f"{path} cannot be read: {error.strerror or error}") from error
    from persistence.files import yaml_nodes  # lazy: few repositories have settings

    try:
        nodes = yaml_nodes.items(yaml_nodes.compose(path))
        for name, node in nodes.items():
            hint = did_you_mean(name, readers)
            if name not in _READERS and (hint or len(readers) == len(_READERS)):
                raise RepositoryError(
                    f"{yaml_nodes.where(node)}: unknown setting {name!r}{hint} (known: "
                    f"{', '.join(_READERS)})"
                )
        return {name: readers[name](name, node) for name, node in nodes.items() if name in readers}
    except PolicyError as error:
        raise RepositoryError(str(error)) from error


def _shared(name: str, node: Any) -> str:
    from persistence.files import yaml_nodes

    value = yaml_nodes.plain(node)
    if value != "group":
        raise RepositoryError(
            f"{yaml_nodes.where(node)}: {name} is {value!r}, and may be group or absent"
        )
    return "group"


def _pins(name: str, node: Any) -> dict[str, tuple[str, ...]]:
    from persistence.files import yaml_nodes

    known = {}
    for pattern, value in yaml_nodes.items(node).items():
        nodes = value.value if yaml_nodes.is_list(value) else [value]
        texts = tuple(filter(None, map(_path, nodes)))
        if not pattern or not texts or len(texts) < len(nodes):
            raise RepositoryError(
                f"{yaml_nodes.where(value)}: {name} says {pattern!r}: {yaml_nodes.plain(value)!r}; "
                "expected a dataset type with the path of a repository, or a list of paths"
            )
        known[pattern] = texts
    return known


def _path(node: Any) -> str:
    """Return a path as it is written, a directory 0410 as well; empty for anything else."""
    from persistence.files import yaml_nodes

    value = yaml_nodes.plain(node)
    is_path = isinstance(value, str | int | float) and not isinstance(value, bool)
    return str(node.value) if is_path else ""


# The settings, and what reads the value of each.
_READERS: Mapping[str, Callable[[str, Any], Any]] = {"shared": _shared, "pins": _pins}
