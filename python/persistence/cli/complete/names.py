"""The values of a key in file names, for the completion of command lines."""

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
    """Return the values of a key, as text, sorted.

    Parameters
    ----------
    roots : sequence of `str`
        The repositories.
    template : `str`
        The path template. Directories are listed down to the component with the key, or further if
        all components so far match any text.
    key : `str`
        The key.
    chosen : mapping
        The typed values of other keys; several alternatives constrain nothing.
    begin : `str`
        The beginning of the values.

    Returns
    -------
    values : `list` [`str`]
        Empty if the template lacks the key, or if it would take too long.
    """
    parts = template.split("/")
    depth = next((depth for depth, part in enumerate(parts) if f"%({key})" in part), None)
    if depth is None:
        return []
    if all(Part(part, ()).is_bare for part in parts[: depth + 1]):  # any directory matches
        depth = len(parts) - 1
    short = PathTemplate("/".join(parts[: depth + 1]))
    known = {}
    for other, text in chosen.items():
        kind = short.keys.get(other)
        if kind is not None and not any(separator in text for separator in _SEPARATORS):
            with contextlib.suppress(ValueError):
                known[other] = kind(text)
    endings = ("",) if depth < len(parts) - 1 else ("", ".gz", ".fz")
    matches = set()
    try:
        for root in filter(os.path.isdir, roots):
            for data_id in filesystem.scan(root, short, known, endings, _ENOUGH):
                matches.add(data_id[key])
    # a shell inserts the common prefix: an incomplete list would mislead
    except filesystem.TooLong:
        return []
    return [text for text in map(str, sorted(matches)) if text.startswith(begin)][:_MOST]
