"""Data IDs: the keys and values that identify a dataset. Values are normalized here, once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from persistence.errors import DataIdError

_PLAIN = (int, str, float)
# From here on, not every integer is a double: the last digits of one may be lost.
_EXACT = 2**53


def plain(value: Any) -> Any:
    """Return a numpy scalar as the Python number or string of the same value; others unchanged.

    numpy is recognized by the type's module and shape, so that it need not be imported.
    """
    if type(value) in _PLAIN:
        return value
    if type(value).__module__ == "numpy" and getattr(value, "shape", None) == ():
        return value.item()
    return value


def as_tags(tag: Any) -> set[Any]:
    """Return the set of a tag's members: of one tag (a string or not iterable), or of several."""
    if tag is None:
        return set()
    if isinstance(tag, str) or not isinstance(tag, Iterable):
        return {tag}
    return set(tag)


class DataId(dict[str, Any]):
    """A dictionary of the keys and values that identify a dataset, with tags.

    Values that are numpy scalars become Python numbers or strings.

    Parameters
    ----------
    initialdata : mapping, optional
        The keys and values. The tags of another `DataId` are copied, too.
    tag : `str` or iterable of `str`, optional
        Tags that restrict a search: only repositories that carry one of them are searched.
    **kwargs : object
        More keys and values.

    Raises
    ------
    DataIdError
        If ``initialdata`` is not a mapping.

    Notes
    -----
    Two data IDs are equal when their keys and values are; tags do not count.

    Gen2 defined the name: ``lsst.daf.persistence.DataId`` (doc/gen2/gen2-core.md).

    Examples
    --------
    >>> from persistence import DataId
    >>> data_id = DataId({"visit": 410877}, tag="deep", ccdnum=28)
    >>> data_id
    DataId({'visit': 410877, 'ccdnum': 28}, tag=['deep'])
    >>> data_id == {"visit": 410877, "ccdnum": 28}
    True
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
                f"{initialdata!r} is not a data ID: pass keys and values, {{'visit': 410877}}"
            ) from error
        for key, value in self.items():
            if type(value) not in _PLAIN:
                super().__setitem__(key, plain(value))
        own = getattr(initialdata, "tag", None)
        self.tag = as_tags(tag) | set(own) if own else as_tags(tag)

    @classmethod
    def of_plain(cls, items: Mapping[str, Any]) -> DataId:
        """Return a data ID without tags, of values that are Python numbers and strings already.

        Nothing is checked or converted: this is the fast path for values that were read from a
        registry.

        Parameters
        ----------
        items : mapping
            Keys and values; the values are `int`, `float` or `str`.

        Returns
        -------
        `DataId`
            A new data ID.
        """
        data_id: DataId = cls.__new__(cls)
        dict.update(data_id, items)
        data_id.tag = set()
        return data_id

    def __setitem__(self, key: str, value: Any) -> None:
        super().__setitem__(key, plain(value))

    def setdefault(self, key: str, default: Any = None) -> Any:
        """Return the value of a key, after setting it if the key is missing.

        Parameters
        ----------
        key : `str`
            The key.
        default : object, optional
            The value to set if the key is missing; numpy scalars are converted.

        Returns
        -------
        object
            The key's value.
        """
        return super().setdefault(key, plain(default))

    def update(self, other: Any = (), /, **kwargs: Any) -> None:
        """Add or replace keys and values, like `dict.update`; numpy scalars are converted.

        Parameters
        ----------
        other : mapping or iterable, optional
            A mapping, or pairs of key and value.
        **kwargs : object
            More keys and values.
        """
        items = dict(other, **kwargs)
        for key, value in items.items():
            if type(value) not in _PLAIN:
                items[key] = plain(value)
        super().update(items)

    def __ior__(self, other: Any) -> DataId:  # type: ignore[override,misc]  # dict's takes fewer kinds
        self.update(other)
        return self

    def copy(self) -> DataId:
        """Return a copy with the same keys, values and tags."""
        duplicate: DataId = DataId.__new__(DataId)
        dict.update(duplicate, self)  # its values are plain already
        duplicate.tag = set(self.tag)
        return duplicate

    def __repr__(self) -> str:
        tags = f", tag={sorted(map(str, self.tag))}" if self.tag else ""
        return f"DataId({dict(self)}{tags})"

    def __reduce__(self) -> tuple[Any, ...]:
        return DataId, (dict(self), set(self.tag))


def as_given(data_id: Mapping[str, Any] | None, rest: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the data ID that a call passes as a mapping, as keywords, or both.

    The mapping itself is returned if there are no keywords: callers that keep it have to copy it,
    and its values need not be plain.
    """
    if data_id is not None and not rest and type(data_id) in (dict, DataId):
        return data_id  # one without keys may have tags
    is_given = data_id is not None and data_id != {}
    if not is_given and "tag" not in rest and not getattr(data_id, "tag", None):
        return rest
    return DataId(data_id, **rest)


def text(data_id: Mapping[str, Any]) -> str:
    """Return a data ID on one line, as typed after ``--id``: ``visit=410877 ccdnum=28``."""
    return " ".join(f"{key}={value}" for key, value in data_id.items())


def cast(key: str, value: Any, kind: type) -> Any:
    """Return a value converted to its key's type: ``'410877'`` becomes 410877 for an integer key.

    Parameters
    ----------
    key : `str`
        The key, for the error message.
    value : object
        The value; numpy scalars are accepted.
    kind : `type`
        The key's type, `int`, `float` or `str`.

    Returns
    -------
    object
        The value, of type ``kind``.

    Raises
    ------
    DataIdError
        If the value cannot be converted without loss.
    """
    if type(value) is kind:
        return value
    typed = _typed(plain(value), kind)
    if typed is None:
        raise DataIdError(f"{key}={value!r}: {key} takes a value of type {kind.__name__}")
    return typed


def _typed(value: Any, kind: type) -> Any:
    """Return a plain value converted to a type, or None if that would lose something.

    ``1_000`` and True are not integers, and 1e16 is not exact.
    """
    if not isinstance(value, _PLAIN) or isinstance(value, bool):
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
    """Return a value converted to a type if its text stays the same.

    ``'7'`` becomes 7 for an integer key, and ``'007'`` is returned as it is.
    """
    try:
        typed = cast("", value, kind)
    except DataIdError:
        return value
    return typed if str(typed) == str(value).strip() or typed == value else value
