"""`Struct`: the results of a task, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any


class Struct:
    """Named results, as attributes.

    Parameters
    ----------
    **results
        The results.

    Raises
    ------
    RuntimeError
        If a name begins with two underscores, or is the name of a method.

    Examples
    --------
    >>> from persistence.pipe.struct import Struct
    >>> result = Struct(exposure=None, number=3)
    >>> result.number
    3
    """

    def __init__(self, **results: Any) -> None:
        for name, value in results.items():
            self._add(name, value)

    def _add(self, name: str, value: Any) -> None:
        if name.startswith("__"):
            raise RuntimeError(
                f"a result cannot be named {name!r}: names with two underscores are Python's"
            )
        if hasattr(self, name):
            raise RuntimeError(f"there is already a {name!r}")
        setattr(self, name, value)

    if TYPE_CHECKING:  # results may be anything

        def __getattr__(self, name: str) -> Any: ...

    def getDict(self) -> dict[str, Any]:
        """Return the results as a new dictionary.

        Returns
        -------
        results : `dict`
            Name to result.
        """
        return dict(self.__dict__)

    def mergeItems(self, struct: Struct, *names: str) -> None:
        """Copy some results of another one.

        Parameters
        ----------
        struct : `Struct`
            The other one.
        *names : `str`
            The names of the results.

        Raises
        ------
        RuntimeError
            If there is already a result of the same name.
        """
        for name in names:
            self._add(name, getattr(struct, name))

    def copy(self) -> Struct:
        """Return another one with the same results.

        Returns
        -------
        struct : `Struct`
            The copy.
        """
        return Struct(**self.__dict__)

    def __eq__(self, other: object) -> bool:
        return self.__dict__ == other.__dict__ if isinstance(other, Struct) else NotImplemented

    __hash__ = None  # type: ignore[assignment]  # it can be changed

    def __len__(self) -> int:
        return len(self.__dict__)

    def __repr__(self) -> str:
        return f"Struct({'; '.join(f'{name}={value!r}' for name, value in self.__dict__.items())})"
