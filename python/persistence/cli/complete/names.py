"""The values of a key that the names of files have, for who completes a command line."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Mapping, Sequence

from persistence.dataids.inversion import Part
from persistence.dataids.template import PathTemplate
from persistence.registry import filesystem

# A person notices a tenth of a second; no camera has as many detectors.
_ENOUGH = 4000
_MOST = 250
_SEPARATORS = ("^", "..")


def values(
    roots: Sequence[str], template: str, key: str, chosen: Mapping[str, str], begin: str
) -> list[str]:
    """Return the values of a key, as text, in their order.

    Parameters
    ----------
    roots : sequence of `str`
        The repositories.
    template : `str`
        How the files are called. Directories are read down to the component that has the key, or
        further, if that and those before it are any text.
    key : `str`
        The key.
    chosen : mapping
        Other keys, and what is typed for each: several alternatives constrain nothing.
    begin : `str`
        What the values begin with.

    Returns
    -------
    values : `list` [`str`]
        Empty if the template lacks the key, or if it would take too long to tell.
    """
    parts = template.split("/")
    depth = next((depth for depth, part in enumerate(parts) if f"%({key})" in part), None)
    if depth is None:
        return []
    if all(Part(part, ()).is_bare for part in parts[: depth + 1]):  # any directory is called so
        depth = len(parts) - 1
    short = PathTemplate("/".join(parts[: depth + 1]))
    known = {}
    for other, text in chosen.items():
        kind = short.keys.get(other)
        if kind is not None and not any(one in text for one in _SEPARATORS):
            with contextlib.suppress(ValueError):
                known[other] = kind(text)
    endings = ("",) if depth < len(parts) - 1 else ("", ".gz", ".fz")
    found = set()
    try:
        for root in filter(os.path.isdir, roots):
            for data_id in filesystem.scan(root, short, known, endings, _ENOUGH):
                found.add(data_id[key])
    except filesystem.TooLong:  # a shell types what all share: some values do not tell
        return []
    return [text for text in map(str, sorted(found)) if text.startswith(begin)][:_MOST]
