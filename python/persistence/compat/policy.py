"""Gen2's `Policy`: nested data that are reached by dotted names."""

from __future__ import annotations

import os
import pprint
from collections import UserDict
from collections.abc import Container, Iterator, Mapping
from typing import Any, TextIO

from persistence.errors import PolicyError, warn_caller
from persistence.files import yaml_nodes

# How Gen2 ordered the sections of a file that it wrote.
_FIRST = (
    "defects needCalibRegistry levels defaultLevel defaultSubLevels camera exposures calibrations "
    "datasets"
).split()


class Policy(UserDict[str, Any]):
    """A dictionary of dictionaries; ``policy['a.b.c']`` is what stands in them under a, b and c.

    Parameters
    ----------
    other : mapping or path, optional
        What it holds: a copy of a mapping, or what a YAML file says. Tags that would run code are
        refused.

    Raises
    ------
    PolicyError
        If ``other`` is neither, or the file cannot be meant.

    Notes
    -----
    What is missing is None, as in Gen2; ask ``in`` to know. A mapping in it comes out as a `Policy`
    of its own: to change it here, say ``policy['a.b'] = value``.
    """

    def __init__(self, other: Any = None) -> None:
        self.data = _read(other)

    # -- one value
    # -----------------------------------------------------------------------------------

    def __getitem__(self, name: str) -> Any:
        holder, last = self._holder(name)
        value = None if holder is None else holder.get(last)
        return Policy(value) if isinstance(value, Mapping) else value

    def __setitem__(self, name: str, value: Any) -> None:
        *above, last = _parts(name)
        holder = self.data
        for part in above:
            holder = holder.setdefault(part, {})
            if not isinstance(holder, dict):
                raise PolicyError(
                    f"{name!r} cannot be set: at {part!r} stands {holder!r}, which is no mapping"
                )
        holder[last] = _copied(value)

    def __delitem__(self, name: str) -> None:
        holder, last = self._holder(name)
        if holder is None or last not in holder:
            raise KeyError(name)
        del holder[last]

    def __contains__(self, name: object) -> bool:
        holder, last = self._holder(name)
        return holder is not None and last in holder

    def get(self, name: str, default: Any = None) -> Any:
        """Give a value, or the default if there is none."""
        if name in self:
            return self[name]
        return default

    def pop(self, name: str, *default: Any) -> Any:
        """Take a value out, and give it; or the default if there is none."""
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set a value unless there is one, and give what is there."""
        if name not in self:
            self[name] = default
        return self[name]

    def asArray(self, name: str) -> Any:
        """Give a value as a list; a list, tuple or mapping as it is. Text is not split."""
        value = self[name]
        return value if isinstance(value, Container) and not isinstance(value, str) else [value]

    def _holder(self, name: object) -> tuple[dict[str, Any] | None, Any]:
        """Give the innermost dictionary that a name leads to, and the key in it.

        None if it leads nowhere.
        """
        *above, last = _parts(name)
        holder: Any = self.data
        for part in above:
            holder = holder.get(part) if isinstance(holder, dict) else None
        return (holder if isinstance(holder, dict) else None), last

    # -- the whole
    # -----------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return bool(self.data == (other.data if isinstance(other, Policy) else other))

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def copy(self) -> Policy:
        return Policy(self)

    def names(self, topLevelOnly: bool = False) -> list[str]:
        """Give the dotted names of everything in it, mappings included.

        Or those of the top alone.
        """
        return list(self.data) if topLevelOnly else list(_names(self.data, ""))

    def update(self, other: Any = (), /, **kwargs: Any) -> None:
        """Lay another mapping over this one, at every depth.

        What is in both is then the other's.
        """
        _lay_over(self.data, dict(other, **kwargs))

    def merge(self, other: Mapping[str, Any]) -> None:
        """Fill this one up, at every depth, with what only another has.

        The other's keys then come first.
        """
        filled = Policy(other)
        filled.update(self.data)
        self.data = filled.data

    def dump(self, stream: TextIO) -> None:
        """Write it as YAML, with the sections in Gen2's order."""
        order = [
            *(name for name in _FIRST if name in self.data),
            *(name for name in self.data if name not in _FIRST),
        ]
        stream.write(yaml_nodes.block({name: self.data[name] for name in order}))

    def dumpToFile(self, path: str | os.PathLike[str]) -> None:
        """Write it to a YAML file."""
        with open(path, "w", encoding="utf-8") as stream:
            self.dump(stream)

    def ppprint(self) -> str:
        """Show it in a form for people."""
        return pprint.pformat(self.data)

    @staticmethod
    def defaultPolicyFile(productName: str, fileName: str, relativePath: str | None = None) -> str:
        """Give the path of a product's policy file, which need not exist.

        Raises
        ------
        LookupError
            If no environment variable ``<PRODUCT>_DIR`` says where the product lies.
        """
        variable = f"{productName.upper()}_DIR"
        if variable not in os.environ:
            raise LookupError(f"{variable} is not set, so nothing tells where {productName} lies")
        return os.path.join(os.environ[variable], relativePath or "", fileName)

    DefaultPolicyFile = defaultPolicyFile

    # -- older spellings
    # -----------------------------------------------------------------------------

    def getValue(self, name: str) -> Any:
        return self._renamed("getValue(name)", "policy[name]")[name]

    def setValue(self, name: str, value: Any) -> None:
        self._renamed("setValue(name, value)", "policy[name] = value")[name] = value

    def mergeDefaults(self, other: Mapping[str, Any]) -> None:
        self._renamed("mergeDefaults", "merge").merge(other)

    def exists(self, name: str) -> bool:
        return name in self._renamed("exists(name)", "name in policy")

    def getString(self, name: str) -> Any:
        return self._renamed("getString(name)", "policy[name]")[name]

    def getBool(self, name: str) -> Any:
        return self._renamed("getBool(name)", "policy[name]")[name]

    def getPolicy(self, name: str) -> Any:
        return self._renamed("getPolicy(name)", "policy[name]")[name]

    def getStringArray(self, name: str) -> Any:
        return self._renamed("getStringArray", "asArray").asArray(name)

    def _renamed(self, old: str, new: str) -> Policy:
        warn_caller(f"Policy.{old} is deprecated: write {new}", FutureWarning)
        return self


def _read(other: Any) -> dict[str, Any]:
    if other is None:
        return {}
    if isinstance(other, Mapping):
        return dict(_copied(other))
    if not isinstance(other, str | os.PathLike):
        raise PolicyError(f"A Policy could not be loaded from other:{other!r}")
    path = os.fspath(other)
    if not path.endswith("yaml"):
        raise PolicyError(f"Unhandled policy file type:{path}")
    os.stat(path)  # a missing file is an OSError, as callers know it
    return dict(yaml_nodes.load(path))


def _parts(name: object) -> list[Any]:
    return name.split(".") if isinstance(name, str) else [name]


def _copied(value: Any) -> Any:
    """Copy mappings, at every depth, as plain dictionaries; what is in them is shared."""
    if isinstance(value, Policy):
        value = value.data
    return (
        {key: _copied(one) for key, one in value.items()} if isinstance(value, Mapping) else value
    )


def _lay_over(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        there = under.get(key)
        if not isinstance(value, Mapping):
            under[key] = value
        elif isinstance(there, dict):
            _lay_over(there, value)
        elif value or there is None:  # an empty mapping says nothing against a value
            under[key] = _copied(value)


def _names(data: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in data.items():
        yield f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _names(value, f"{above}{key}.")
