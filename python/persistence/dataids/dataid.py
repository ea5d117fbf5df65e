"""Data IDs: what a dataset is called, in key-value pairs. Values are normalised here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from persistence.errors import DataIdError

_PLAIN = (int, str, float)
# From here on, not every integer is a double: the last digits of one may be lost.
_EXACT = 2**53


def plain(value: Any) -> Any:
    """Turn a numpy scalar into the Python number or string that it stands for; leave the rest.

    numpy is recognised by what it offers, so that it need not be imported.
    """
    if type(value) in _PLAIN:
        return value
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    return value


def as_tags(tag: Any) -> set[Any]:
    """Make a set of one tag (a string, or what cannot be iterated) or of many."""
    if tag is None:
        return set()
    if isinstance(tag, str) or not isinstance(tag, Iterable):
        return {tag}
    return set(tag)


class DataId(dict[str, Any]):
    """A dictionary of keys and values with tags.

    Parameters
    ----------
    initialdata : mapping, optional
        The keys and values; the tags of another data ID come along.
    tag : `str` or iterable, optional
        Tags: only repositories that carry one of them are asked.
    **kwargs
        More keys and values.

    Notes
    -----
    Two data IDs are equal when their keys and values are; tags do not count.
    """

    __slots__ = ("tag",)

    def __init__(
        self, initialdata: Mapping[str, Any] | None = None, tag: Any = None, **kwargs: Any
    ) -> None:
        try:
            super().__init__(kwargs if initialdata is None else initialdata)
            if kwargs and initialdata is not None:
                super().update(kwargs)
        except (TypeError, ValueError) as error:
            raise DataIdError(
                f"{initialdata!r} is no data ID: give keys and values, {{'visit': 410877}}"
            ) from error
        for key, value in self.items():
            if type(value) not in _PLAIN:
                super().__setitem__(key, plain(value))
        own = getattr(initialdata, "tag", None)
        self.tag = as_tags(tag) | set(own) if own else as_tags(tag)

    @classmethod
    def of_plain(cls, items: Mapping[str, Any]) -> DataId:
        """Return a data ID without tags of values that are plain already; nothing is checked."""
        made: DataId = cls.__new__(cls)
        dict.update(made, items)
        made.tag = set()
        return made

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, plain(value))

    def setdefault(self, key: str, default: Any = None) -> Any:
        return super().setdefault(key, plain(default))

    def update(self, other: Any = (), /, **kwargs: Any) -> None:
        items = dict(other, **kwargs)
        for key, value in items.items():
            if type(value) not in _PLAIN:
                items[key] = plain(value)
        super().update(items)

    def __ior__(self, other: Any) -> DataId:  # type: ignore[override,misc]  # dict's takes fewer kinds
        self.update(other)
        return self

    def copy(self) -> DataId:
        made: DataId = DataId.__new__(DataId)
        dict.update(made, self)  # its values are plain already
        made.tag = set(self.tag)
        return made

    def __repr__(self) -> str:
        tags = f", tag={sorted(map(str, self.tag))}" if self.tag else ""
        return f"DataId({dict(self)}{tags})"

    def __reduce__(self) -> tuple[Any, ...]:
        return DataId, (dict(self), set(self.tag))


def as_given(data_id: Mapping[str, Any] | None, rest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data ID that a caller gives by a mapping, by keywords, or by both.

    It is the mapping itself where that is all: who keeps it has to copy it, and its values need not
    be plain.
    """
    if data_id is not None and not rest and type(data_id) in (dict, DataId):
        return data_id  # one without keys may have tags
    is_given = data_id is not None and data_id != {}
    if not is_given and "tag" not in rest and not getattr(data_id, "tag", None):
        return rest
    return DataId(data_id, **rest)


def text(data_id: Mapping[str, Any]) -> str:
    """Show a data ID on one line, as it is typed after ``--id``: ``visit=410877 ccdnum=28``."""
    return " ".join(f"{key}={value}" for key, value in data_id.items())


def cast(key: str, value: Any, kind: type) -> Any:
    """Return a value in the type that its key has: ``'410877'`` becomes 410877 for an integer key.

    Raises
    ------
    DataIdError
        If the value cannot be of that type without loss.
    """
    if type(value) is kind:
        return value
    typed = _typed(plain(value), kind)
    if typed is None:
        raise DataIdError(f"{key}={value!r}: {key} takes a value of type {kind.__name__}")
    return typed


def _typed(value: Any, kind: type) -> Any:
    """Return a plain value in a type, or None: ``1_000`` is not an integer, and 1e16 not exact."""
    if not isinstance(value, _PLAIN):
        return None
    if isinstance(value, str) and kind is not str and ("_" in value or not value.isascii()):
        return None
    if isinstance(value, float) and kind is int and abs(value) >= _EXACT:
        return None
    try:
        typed = kind(value)
    except (ValueError, OverflowError):
        return None
    return None if kind is int and not isinstance(value, str) and typed != value else typed


def cast_exactly(value: Any, kind: type) -> Any:
    """Return a value as another type if it stays the same: ``'7'`` as 7, but ``'007'`` as it is."""
    try:
        typed = cast("", value, kind)
    except DataIdError:
        return value
    return typed if str(typed) == str(value).strip() or typed == value else value
