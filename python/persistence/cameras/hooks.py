"""The hooks that a camera's mapper may define, found and checked once, when the class is made.

A hook is a method whose name starts with one of `KINDS` and ends with a dataset type: ``std_raw``
is called with each raw that was read. They go into one table; nothing looks a method up by a name
made on the way.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from persistence.errors import PolicyError, did_you_mean

# Kind -> the arguments that the hook is called with, after self.
KINDS: Mapping[str, tuple[str, ...]] = {
    "map": ("dataId", "write"),
    "query": ("format", "dataId"),
    "std": ("item", "dataId"),
    "bypass": ("datasetType", "pythonType", "location", "dataId"),
    "add": ("datasetType", "dataId"),
}
# Hooks of these kinds make the dataset type that no policy has.
MAKERS = ("map", "bypass")
Hooks = Mapping[tuple[str, str], str]
# Who defines the hooks that every camera has: these are right, and checking them takes 5 ms.
_OWN = ("persistence.cameras.special",)


def collect(cls: type, strict: bool = True) -> Hooks:
    """Find the hooks of a class: (kind, dataset type) -> the method's name.

    Parameters
    ----------
    cls : `type`
        The class.
    strict : `bool`, optional
        Whether a hook is refused now that cannot be called; Gen2 failed when it called it.

    Raises
    ------
    PolicyError
        If one cannot be called with the arguments of its kind.
    """
    found: dict[tuple[str, str], str] = {}
    for name in dir(cls):
        kind, _, dataset_type = name.partition("_")
        if kind in KINDS and dataset_type and callable(getattr(cls, name)):
            if strict and getattr(getattr(cls, name), "__module__", "") not in _OWN:
                _check_signature(cls, name, kind)
            found[kind, dataset_type] = name
    return MappingProxyType(found)


def check_types(
    cls: type, hooks: Hooks, known: Collection[str], views: Callable[[], Iterable[str]] = tuple
) -> None:
    """Refuse a hook for a dataset type that neither the policy has nor another hook makes.

    Parameters
    ----------
    cls : `type`
        The mapper.
    hooks : mapping
        Its hooks.
    known : collection of `str`
        The dataset types.
    views : callable
        Lists their views: over a thousand, so it is asked only if there is a hook for none of the
        types.
    """
    mapped = {dataset_type for kind, dataset_type in hooks if kind in MAKERS}
    others = {
        key: method for key, method in hooks.items() if key[1] not in known and key[1] not in mapped
    }
    names = {*known, *mapped, *views()} if others else set()
    for (_kind, dataset_type), method in others.items():
        if dataset_type not in names:
            raise PolicyError(
                f"{_definition(cls, method)}: the policy has no dataset type {dataset_type!r}"
                f"{did_you_mean(dataset_type, names)}"
            )


def _check_signature(cls: type, name: str, kind: str) -> None:
    import inspect  # slow to import, and needed only where a camera defines hooks

    signature = inspect.signature(getattr(cls, name))
    static = isinstance(inspect.getattr_static(cls, name), staticmethod | classmethod)
    arguments = KINDS[kind] if static else ("self", *KINDS[kind])
    try:
        signature.bind(*arguments)
    except TypeError as error:
        wanted = ", ".join(KINDS[kind])
        raise PolicyError(
            f"{_definition(cls, name)}: it is called with ({wanted}): {error}"
        ) from error


def _definition(cls: type, name: str) -> str:
    """Show where and how a method is defined."""
    import inspect

    method = getattr(cls, name)
    code = getattr(method, "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
    return f"{where}{cls.__name__}.{name}{inspect.signature(method)}"
