"""Objects that are read when they are first used."""

from __future__ import annotations

import operator
from collections.abc import Callable
from typing import Any

# Special methods, which Python looks up on the type, are forwarded one by one.
_BINARY = (
    "__getitem__ __contains__ __eq__ __ne__ __lt__ __le__ __gt__ __ge__ __add__ __sub__ __mul__ "
    "__truediv__ __floordiv__ __mod__ __pow__ __and__ __or__ __xor__"
).split()
_FUNCTIONS: dict[str, Callable[..., Any]] = {
    "__len__": len,
    "__iter__": iter,
    "__str__": str,
    "__repr__": repr,
    "__bool__": bool,
    "__hash__": hash,
    "__abs__": abs,
    "__neg__": operator.neg,
    "__int__": int,
    "__float__": float,
    "__index__": operator.index,
}


class ReadProxy:
    """A stand-in for a dataset that is read when it is first used; see `Butler.get`.

    Parameters
    ----------
    callback : callable
        A function without arguments that reads and returns the object.

    Examples
    --------
    >>> from persistence import ReadProxy
    >>> proxy = ReadProxy(lambda: [3, 4])
    >>> len(proxy), proxy[0]
    (2, 3)
    """

    def __init__(self, callback: Callable[[], Any]) -> None:
        object.__setattr__(self, "_callback", callback)
        object.__setattr__(self, "_read", [])

    def __subject__(self) -> Any:
        """Return the object itself."""
        if not self._read:
            self._read.append(self._callback())
        return self._read[0]

    @property
    def __class__(self) -> Any:
        return type(self.__subject__())

    @__class__.setter
    def __class__(self, value: Any) -> None:
        raise TypeError("a proxy cannot change its class")

    def __reduce_ex__(self, protocol: Any) -> Any:
        return _itself, (self.__subject__(),)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.__subject__(), name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self.__subject__()(*args, **kwargs)

    def __format__(self, spec: str) -> str:
        return format(self.__subject__(), spec)

    def __setattr__(self, name: str, value: Any) -> None:
        setattr(self.__subject__(), name, value)

    def __delattr__(self, name: str) -> None:
        delattr(self.__subject__(), name)

    def __setitem__(self, key: Any, value: Any) -> None:
        self.__subject__()[key] = value

    def __delitem__(self, key: Any) -> None:
        del self.__subject__()[key]

    def __array__(self, *args: Any, **kwargs: Any) -> Any:
        import numpy as np

        return np.asarray(self.__subject__(), *args, **kwargs)


def _itself(obj: Any) -> Any:
    """Return the object in place of a proxy that is copied or pickled."""
    return obj


def _unary(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self: function(self.__subject__())


def _binary(function: Callable[..., Any]) -> Callable[..., Any]:
    def forward(self: ReadProxy, other: Any) -> Any:
        return function(
            self.__subject__(), other.__subject__() if type(other) is ReadProxy else other
        )

    return forward


def _reflected(function: Callable[..., Any]) -> Callable[..., Any]:
    return lambda self, other: function(other, self.__subject__())


for _name, _function in _FUNCTIONS.items():
    setattr(ReadProxy, _name, _unary(_function))
for _name in _BINARY:
    setattr(ReadProxy, _name, _binary(getattr(operator, _name)))
for _name in ("add", "sub", "mul", "truediv", "floordiv", "mod", "pow", "and_", "or_", "xor"):
    # Reflected: 1 + proxy.
    setattr(ReadProxy, f"__r{_name.rstrip('_')}__", _reflected(getattr(operator, _name)))
