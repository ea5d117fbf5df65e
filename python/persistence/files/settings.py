"""Settings of a repository that Gen2 lacks: its ``.persistence/settings.yaml``.

Gen2 ignores the file, and readers do not need it: it controls how the repository is written.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any, NamedTuple

from persistence.errors import PolicyError, RepositoryError, did_you_mean
from persistence.files import marks

FILE = marks.SETTINGS
# The allowed values of each setting.
_VALUES: Mapping[str, tuple[str, ...]] = {"shared": ("group",)}


class Settings(NamedTuple):
    """The settings for writing to a repository.

    Attributes
    ----------
    shared : `str` or None
        ``group`` if all members of the directory's group write to the repository.
    """

    shared: str | None = None


def read(root: str) -> Settings:
    """Read the settings of a repository; without the file, all have their defaults.

    Raises
    ------
    RepositoryError
        If the file cannot be read, or contains an invalid setting.
    """
    path = os.path.join(root, FILE)
    try:
        os.stat(path)
    except (FileNotFoundError, NotADirectoryError):
        return Settings()
    except OSError as error:
        raise RepositoryError(f"{path} cannot be read: {error.strerror or error}") from error
    from persistence.files import yaml_nodes  # lazy: few repositories have settings

    try:
        nodes = yaml_nodes.items(yaml_nodes.compose(path))
        values = {name: _checked(name, node) for name, node in nodes.items()}
    except PolicyError as error:
        raise RepositoryError(str(error)) from error
    return Settings(**values)


def changed(root: str, **values: str) -> str:
    """Return the new content of a repository's settings file, with some settings changed.

    Raises
    ------
    RepositoryError
        If the existing settings cannot be read.
    """
    from persistence.files import yaml_nodes

    known = {**read(root)._asdict(), **values}
    return yaml_nodes.block({name: value for name, value in known.items() if value is not None})


def _checked(name: str, node: Any) -> Any:
    from persistence.files import yaml_nodes

    place = yaml_nodes.where(node)
    if name not in _VALUES:
        raise RepositoryError(
            f"{place}: unknown setting {name!r}{did_you_mean(name, _VALUES)} (known: "
            f"{', '.join(_VALUES)})"
        )
    value = yaml_nodes.plain(node)
    if value not in _VALUES[name]:
        raise RepositoryError(
            f"{place}: {name} is {value!r}, and may be {', '.join(_VALUES[name])} or absent"
        )
    return value
