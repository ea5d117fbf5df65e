"""Versions of software, as Gen2 kept them beside what was made with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from persistence.errors import did_you_mean
from persistence.types.metadata.difference import Differences, differences


class Packages(Mapping[str, str]):
    """Names of packages and their versions, in the order of names.

    Parameters
    ----------
    versions : mapping [`str`, `str`]
        The versions.

    Raises
    ------
    TypeError
        If a name or a version is no text.
    """

    def __init__(self, versions: Mapping[str, str] = {}) -> None:
        for name, version in versions.items():
            if not isinstance(name, str) or not isinstance(version, str):
                raise TypeError(
                    f"a package has a name and a version, which are texts: not {name!r}, "
                    f"{version!r}"
                )
        self._versions = {name: versions[name] for name in sorted(versions)}

    def __getitem__(self, name: str) -> str:
        if name not in self._versions:
            raise KeyError(f"no package {name!r}{did_you_mean(name, self._versions)}")
        return self._versions[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._versions)

    def __len__(self) -> int:
        return len(self._versions)

    def __hash__(self) -> int:
        return hash(tuple(self.items()))

    def __repr__(self) -> str:
        return f"Packages({self._versions!r})"

    def __str__(self) -> str:
        return "\n".join(f"{name}: {version}" for name, version in self.items())

    def diff(self, other: Mapping[str, str]) -> Differences:
        """Give each package that is missing here, missing there, or of another version."""
        return differences(self, other)

    # Gen2's three parts of it
    def missing(self, other: Mapping[str, str]) -> dict[str, str]:
        """Give the packages that only the other has, and their versions."""
        return {name: other[name] for name in sorted(other) if name not in self}

    def extra(self, other: Mapping[str, str]) -> dict[str, str]:
        """Give the packages that the other has not, and their versions."""
        return {name: self[name] for name in self if name not in other}

    def difference(self, other: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Give the packages that both have, in two versions: mine, theirs."""
        return {
            name: (self[name], other[name])
            for name in self
            if name in other and self[name] != other[name]
        }
