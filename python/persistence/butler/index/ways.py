"""Find the directories with files of a template, one path component after the other."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from persistence.butler.index.refresh import Refresher
from persistence.dataids.inversion import Part
from persistence.dataids.template import PathTemplate

Values = dict[str, Any]
Possible = Callable[[Mapping[str, Any]], bool]


def refresh(
    refresher: Refresher,
    template: PathTemplate,
    known: Mapping[str, Any],
    possible: Possible | None = None,
) -> None:
    """Update the directories of a template.

    Parameters
    ----------
    refresher : `Refresher`
        Compares directories with the disk, and lists those that changed.
    template : `PathTemplate`
        The template.
    known : mapping
        Required values of keys. A directory whose name they determine is not searched for.
    possible : callable, optional
        Returns whether some values of keys may be selected; directories with other values are not
        entered.
    """
    *parts, _name = template.file_text.split("/")
    known = {key: value for key, value in known.items() if key in template.keys}
    directories, before = [("", dict(known))], set[str]()
    for text in parts:
        part = Part(text, before)
        before.update(part.keys)
        if known.keys() >= set(part.keys):
            below = [(path, _shown(text, values), values) for path, values in directories]
        else:
            refresher.refresh(list(dict.fromkeys(path for path, _ in directories)))
            below = list(_matching(refresher, part, directories, known))
        directories = [
            (f"{path}/{name}" if path else name, values)
            for path, name, values in below
            if name and (possible is None or possible(values))
        ]
    refresher.refresh(list(dict.fromkeys(path for path, _ in directories)))


def _shown(text: str, values: Values) -> str:
    """Return the name of a directory; an empty text if the values do not fit."""
    try:
        name = text % values
    except (TypeError, ValueError):  # a value of another type
        return ""
    return "" if "/" in name or "\0" in name or name in (".", "..") else name


def _matching(
    refresher: Refresher, part: Part, directories: Iterable[tuple[str, Values]], known: Values
) -> Iterator[tuple[str, str, Values]]:
    """Yield the directories that match a component of a template, once for each way to read it."""
    required = [(key, known[key]) for key in part.keys if key in known]
    for path, values in directories:
        start = len(path) + 1 if path else 0
        for child in refresher.store.children(path):
            name = child[start:]
            for read in part.match(name, values):
                full = {**values, **dict(zip(part.keys, read, strict=True))}
                if all(full[key] == value for key, value in required):
                    yield path, name, full
