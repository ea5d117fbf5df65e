"""Gen2's `Policy`: nested data with dotted names."""

from __future__ import annotations

import os
import pprint
from collections import UserDict
from collections.abc import Container, Iterator, Mapping
from typing import Any, TextIO

from persistence.errors import PolicyError, warn_caller
from persistence.files import yaml_nodes

# Gen2's order of the sections in a file.
_FIRST = (
    "defects needCalibRegistry levels defaultLevel defaultSubLevels camera exposures calibrations "
    "datasets"
).split()


class Policy(UserDict[str, Any]):
    """A dictionary of dictionaries; ``policy['a.b.c']`` is ``policy['a']['b']['c']``.

    Parameters
    ----------
    other : mapping or path, optional
        The content: a mapping, which is copied, or a YAML file. Tags that would run code are
        refused.

    Raises
    ------
    PolicyError
        If ``other`` is neither, or the file is invalid.

    Notes
    -----
    The same class as Gen2's ``lsst.daf.persistence.Policy``. Missing values are None; use ``in``
    to check for a key. A nested mapping is returned as a copy: to change it, set
    ``policy['a.b'] = value``.

    Examples
    --------
    >>> from persistence import Policy
    >>> policy = Policy({"camera": {"name": "decam"}})
    >>> policy["camera.pixels.x"] = 2048
    >>> policy["camera.name"], policy["camera.pixels.x"], policy["missing"]
    ('decam', 2048, None)
    """

    def __init__(self, other: Any = None) -> None:
        self.data = _read(other)

    # -- single values
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
                    f"{name!r} cannot be set: {part!r} is {holder!r}, which is not a mapping"
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
        """Return a value, or the default if there is none.

        Parameters
        ----------
        name : `str`
            The dotted name.
        default : object
            The default.

        Returns
        -------
        value : object
            The value.
        """
        if name in self:
            return self[name]
        return default

    def pop(self, name: str, *default: Any) -> Any:
        """Remove a value and return it, or the default if there is none.

        Parameters
        ----------
        name : `str`
            The dotted name.
        *default : object
            The default; without it, a missing name is a `KeyError`.

        Returns
        -------
        value : object
            The value.
        """
        if name not in self and default:
            return default[0]
        value = self[name]
        del self[name]
        return value

    def setdefault(self, name: str, default: Any = None) -> Any:
        """Set a value unless there is one; return the present value.

        Parameters
        ----------
        name : `str`
            The dotted name.
        default : object
            The new value.

        Returns
        -------
        value : object
            The value.
        """
        if name not in self:
            self[name] = default
        return self[name]

    def asArray(self, name: str) -> Any:
        """Return a value as a list; lists, tuples and mappings unchanged. Text is not split.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        values : `list`
            The value; ``[None]`` if it is missing, as in Gen2.
        """
        value = self[name]
        return value if isinstance(value, Container) and not isinstance(value, str) else [value]

    def _holder(self, name: object) -> tuple[dict[str, Any] | None, Any]:
        """Return the innermost dictionary of a dotted name, and the key in it.

        None if the name leads nowhere.
        """
        *above, last = _parts(name)
        holder: Any = self.data
        for part in above:
            holder = holder.get(part) if isinstance(holder, dict) else None
        return (holder if isinstance(holder, dict) else None), last

    # -- the whole policy
    # -----------------------------------------------------------------------------------

    def __eq__(self, other: object) -> bool:
        return bool(self.data == (other.data if isinstance(other, Policy) else other))

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def copy(self) -> Policy:
        """Return a copy, with copies of all nested mappings."""
        return Policy(self)

    def names(self, topLevelOnly: bool = False) -> list[str]:
        """Return the dotted names of all values, including mappings.

        Parameters
        ----------
        topLevelOnly : `bool`
            Only return the names at the top.

        Returns
        -------
        names : `list` of `str`
            The names.
        """
        return list(self.data) if topLevelOnly else list(_names(self.data, ""))

    def update(self, other: Any = (), /, **kwargs: Any) -> None:
        """Merge another mapping into this one, at every depth; its values take precedence.

        Parameters
        ----------
        other : mapping, optional
            The other mapping.
        **kwargs
            Further values.
        """
        _lay_over(self.data, dict(other, **kwargs))

    def merge(self, other: Mapping[str, Any]) -> None:
        """Add the values of another mapping that are missing here, at every depth.

        Parameters
        ----------
        other : mapping
            The other mapping; its keys then come first.
        """
        filled = Policy(other)
        filled.update(self.data)
        self.data = filled.data

    def dump(self, stream: TextIO) -> None:
        """Write the policy as YAML, with the sections in Gen2's order.

        Parameters
        ----------
        stream : file object
            A text file.
        """
        order = [
            *(name for name in _FIRST if name in self.data),
            *(name for name in self.data if name not in _FIRST),
        ]
        stream.write(yaml_nodes.block({name: self.data[name] for name in order}))

    def dumpToFile(self, path: str | os.PathLike[str]) -> None:
        """Write the policy to a YAML file.

        Parameters
        ----------
        path : path
            The file.
        """
        with open(path, "w", encoding="utf-8") as stream:
            self.dump(stream)

    def ppprint(self) -> str:
        """Return the policy as readable text."""
        return pprint.pformat(self.data)

    @staticmethod
    def defaultPolicyFile(productName: str, fileName: str, relativePath: str | None = None) -> str:
        """Return the path of a product's policy file, which need not exist.

        Parameters
        ----------
        productName : `str`
            The product, such as ``obs_decam``.
        fileName : `str`
            The file's name.
        relativePath : `str`, optional
            Its directory, relative to the product's.

        Returns
        -------
        path : `str`
            The path.

        Raises
        ------
        LookupError
            If the environment variable ``<PRODUCT>_DIR`` is not set.
        """
        variable = f"{productName.upper()}_DIR"
        if variable not in os.environ:
            raise LookupError(f"{variable} is not set: the directory of {productName} is unknown")
        return os.path.join(os.environ[variable], relativePath or "", fileName)

    DefaultPolicyFile = defaultPolicyFile

    # -- older names
    # -----------------------------------------------------------------------------

    def getValue(self, name: str) -> Any:
        """Return a value; Gen2's older name of ``policy[name]``.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        value : object
            The value; None if it is missing.
        """
        return self._renamed("getValue(name)", "policy[name]")[name]

    def setValue(self, name: str, value: Any) -> None:
        """Set a value; Gen2's older name of ``policy[name] = value``.

        Parameters
        ----------
        name : `str`
            The dotted name.
        value : object
            The value.
        """
        self._renamed("setValue(name, value)", "policy[name] = value")[name] = value

    def mergeDefaults(self, other: Mapping[str, Any]) -> None:
        """Add missing values; Gen2's older name of `merge`.

        Parameters
        ----------
        other : mapping
            The other mapping.
        """
        self._renamed("mergeDefaults", "merge").merge(other)

    def exists(self, name: str) -> bool:
        """Check whether there is a value; Gen2's older name of ``name in policy``.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        exists : `bool`
            Whether there is one.
        """
        return name in self._renamed("exists(name)", "name in policy")

    def getString(self, name: str) -> Any:
        """Return a value; Gen2's older name of ``policy[name]``.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        value : object
            The value.
        """
        return self._renamed("getString(name)", "policy[name]")[name]

    def getBool(self, name: str) -> Any:
        """Return a value; Gen2's older name of ``policy[name]``.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        value : object
            The value.
        """
        return self._renamed("getBool(name)", "policy[name]")[name]

    def getPolicy(self, name: str) -> Any:
        """Return a nested mapping; Gen2's older name of ``policy[name]``.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        policy : `Policy`
            A copy of the mapping.
        """
        return self._renamed("getPolicy(name)", "policy[name]")[name]

    def getStringArray(self, name: str) -> Any:
        """Return a value as a list; Gen2's older name of `asArray`.

        Parameters
        ----------
        name : `str`
            The dotted name.

        Returns
        -------
        values : `list`
            The value.
        """
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
    os.stat(path)  # a missing file is an OSError, as callers expect
    return dict(yaml_nodes.load(path))


def _parts(name: object) -> list[Any]:
    return name.split(".") if isinstance(name, str) else [name]


def _copied(value: Any) -> Any:
    """Return a copy of mappings, at every depth, as plain dictionaries; other values are shared."""
    if isinstance(value, Policy):
        value = value.data
    return (
        {key: _copied(item) for key, item in value.items()} if isinstance(value, Mapping) else value
    )


def _lay_over(under: dict[str, Any], over: Mapping[str, Any]) -> None:
    for key, value in over.items():
        present = under.get(key)
        if not isinstance(value, Mapping):
            under[key] = value
        elif isinstance(present, dict):
            _lay_over(present, value)
        elif value or present is None:  # an empty mapping does not replace a value
            under[key] = _copied(value)


def _names(data: Mapping[str, Any], above: str) -> Iterator[str]:
    for key, value in data.items():
        yield f"{above}{key}"
        if isinstance(value, Mapping):
            yield from _names(value, f"{above}{key}.")
