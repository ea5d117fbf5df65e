"""The hooks that a camera's mapper may define, found and checked once, when the class is created.

A hook is a method whose name consists of one of `KINDS` and a dataset type: ``std_raw`` is called
with each raw after it was read. Hooks are stored in one table; methods are never looked up by a
computed name.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from types import MappingProxyType

from persistence.errors import PolicyError, did_you_mean

# Kind -> the arguments of the hook, after self.
KINDS: Mapping[str, tuple[str, ...]] = {
    "map": ("dataId", "write"),
    "query": ("format", "dataId"),
    "std": ("item", "dataId"),
    "bypass": ("datasetType", "pythonType", "location", "dataId"),
    "add": ("datasetType", "dataId"),
}
# Hooks of these kinds define dataset types that are in no policy.
MAKERS = ("map", "bypass")
Hooks = Mapping[tuple[str, str], str]
# The module with the hooks of all cameras: they are correct, and a check would take 5 ms.
_OWN = ("persistence.cameras.special",)


def collect(cls: type, strict: bool = True) -> Hooks:
    """Return the hooks of a class: (kind, dataset type) -> the method's name.

    Parameters
    ----------
    cls : `type`
        The class.
    strict : `bool`, optional
        Whether to refuse hooks that cannot be called; Gen2 failed on the call.

    Raises
    ------
    PolicyError
        If a hook cannot be called with the arguments of its kind.
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
    """Raise an error for hooks of dataset types that neither the policy nor another hook defines.

    Parameters
    ----------
    cls : `type`
        The mapper.
    hooks : `Hooks`
        Its hooks.
    known : collection of `str`
        The dataset types.
    views : callable, optional
        A function that returns their views: over a thousand, so it is only called if a hook matches
        none of the types.

    Raises
    ------
    PolicyError
        If there is such a hook; the message has its position.
    """
    mapped = {dataset_type for kind, dataset_type in hooks if kind in MAKERS}
    unmatched = {
        key: method for key, method in hooks.items() if key[1] not in known and key[1] not in mapped
    }
    names = {*known, *mapped, *views()} if unmatched else set()
    for (_kind, dataset_type), method in unmatched.items():
        if dataset_type not in names:
            raise PolicyError(
                f"{_definition(cls, method)}: the policy has no dataset type {dataset_type!r}"
                f"{did_you_mean(dataset_type, names)}"
            )


def _check_signature(cls: type, name: str, kind: str) -> None:
    import inspect  # lazy: slow to import, only for cameras with hooks

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
    """Return the position and signature of a method."""
    import inspect

    method = getattr(cls, name)
    code = getattr(method, "__code__", None)
    where = f"{code.co_filename}:{code.co_firstlineno}: " if code else ""
    return f"{where}{cls.__name__}.{name}{inspect.signature(method)}"
