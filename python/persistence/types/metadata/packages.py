"""Versions of software, as Gen2 stored them with the results."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from persistence.errors import did_you_mean
from persistence.types.metadata.difference import Differences, differences


class Packages(Mapping[str, str]):
    """Names of packages and their versions, ordered by name.

    Gen2's class is ``lsst.base.Packages``.

    Parameters
    ----------
    versions : mapping of `str` to `str`, optional
        The versions by name.

    Raises
    ------
    TypeError
        If a name or a version is not a text.

    Examples
    --------
    >>> from persistence import Packages
    >>> old, new = Packages({"numpy": "1.26"}), Packages({"numpy": "2.0"})
    >>> print(old.diff(new))
    numpy: '1.26' != '2.0'
    """

    def __init__(self, versions: Mapping[str, str] = {}) -> None:
        for name, version in versions.items():
            if not isinstance(name, str) or not isinstance(version, str):
                raise TypeError(
                    f"a package's name and version have to be texts, not {name!r}, {version!r}"
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
        """Return the packages that one of the two lacks, or whose versions differ.

        Parameters
        ----------
        other : mapping of `str` to `str`
            The other versions.

        Returns
        -------
        `Differences`
            One item per package.
        """
        return differences(self, other)

    # Gen2's three parts of diff
    def missing(self, other: Mapping[str, str]) -> dict[str, str]:
        """Return the packages that only the other has, with their versions.

        Parameters
        ----------
        other : mapping of `str` to `str`
            The other versions.

        Returns
        -------
        `dict` [`str`, `str`]
            Versions by name.
        """
        return {name: other[name] for name in sorted(other) if name not in self}

    def extra(self, other: Mapping[str, str]) -> dict[str, str]:
        """Return the packages that the other lacks, with their versions.

        Parameters
        ----------
        other : mapping of `str` to `str`
            The other versions.

        Returns
        -------
        `dict` [`str`, `str`]
            Versions by name.
        """
        return {name: self[name] for name in self if name not in other}

    def difference(self, other: Mapping[str, str]) -> dict[str, tuple[str, str]]:
        """Return the packages whose versions differ: this one's, and the other's.

        Parameters
        ----------
        other : mapping of `str` to `str`
            The other versions.

        Returns
        -------
        `dict` [`str`, `tuple` [`str`, `str`]]
            Pairs of versions by name.
        """
        return {
            name: (self[name], other[name])
            for name in self
            if name in other and self[name] != other[name]
        }
