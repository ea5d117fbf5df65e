"""The lines that ``status`` prints."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from persistence.cli import inventory, output

# Number of items shown of longer lists, without --all.
_REPOSITORIES, _TYPES, _NAMES = 10, 20, 8


def lines(whole: Mapping[str, Any], typed: str, is_all: bool) -> Iterator[str]:
    """Yield the lines.

    Parameters
    ----------
    whole : mapping
        What ``status`` prints as JSON, but that visits, nights and tracts are counted by value.
    typed : `str`
        The repository as it was typed.
    is_all : `bool`
        Whether nothing is cut.
    """
    yield f"{whole['repository']}  ({whole['camera']})"
    yield ""
    chain = whole["chain"]
    rows = [{**_sums(row), "tree": f"{row['root']}{_role(row)}"} for row in chain]
    yield from _cut(rows, None if is_all else _REPOSITORIES, "trees")
    yield ""
    rows = [{**_sums(row), "type": _named(row)} for row in whole["types"]]
    if rows:
        yield from _cut(rows, None if is_all else _TYPES, "types")
    else:
        yield "no file of any dataset type"
    lines = [
        *_counted(whole),
        ("reruns", _listed(whole["reruns"], None if is_all else _NAMES)),
        ("missing", _told(whole["missing"], typed)),
        *_stray(whole),
    ]
    lines = [(name, text) for name, text in lines if text]
    if lines:
        yield ""
    for name, text in lines:
        yield f"{name:10}{text}"


def _sums(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the columns that trees and types share."""
    return {
        "files": row["files"],
        "size": inventory.size(row["bytes"]).rjust(7),
        "newest": (row["newest"] or "")[:16].replace("T", " "),
        "oldest": (row["oldest"] or "")[:10],
    }


def _cut(rows: Sequence[Mapping[str, Any]], most: int | None, noun: str) -> Iterator[str]:
    """Yield the lines of a table; of a long one, the first, and how many more there are."""
    yield from output.table(rows[:most])
    if most is not None and len(rows) > most:
        files = sum(row["files"] for row in rows[most:])
        yield f"... {files} files of {len(rows) - most} more {noun}; --all shows them"


def _role(row: Mapping[str, Any]) -> str:
    return "  (calibrations)" if row["calibrations"] else ""


def _named(row: Mapping[str, Any]) -> str:
    """Return a type; with how many others share its files."""
    return f"{row['type']} (and {len(row['also'])} more)" if row["also"] else str(row["type"])


def _counted(whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Yield lines of values: of few, each with its count, of many, the first and the last."""
    visits, filters, nights, tracts = (
        whole[name] for name in ("visits", "filters", "nights", "tracts")
    )
    yield "visits", _span(visits)
    yield (
        "filters",
        ", ".join(f"{output.cell(name)} {n}" for name, n in sorted(filters.items(), key=_rank)),
    )
    yield "nights", _span(nights)
    yield "tracts", _span(tracts)


def ends(counts: Mapping[Any, int]) -> dict[str, Any]:
    """Return how many values there are, the first and the last."""
    values = sorted(value for value in counts if value is not None)
    first, last = (values[0], values[-1]) if values else (None, None)
    return {"n": len(values), "first": first, "last": last}


def _rank(item: tuple[Any, int]) -> tuple[bool, str]:
    return item[0] is None, str(item[0])


def _span(counts: Mapping[Any, int]) -> str:
    known = ends(counts)
    if known["n"] < 2:
        return output.cell(known["first"])
    return f"{known['n']}, {output.cell(known['first'])} to {output.cell(known['last'])}"


def _listed(names: Sequence[str], most: int | None) -> str:
    """Return how many there are, and the first of them."""
    if not names:
        return ""
    more = ", ..." if most is not None and len(names) > most else ""
    return f"{len(names)}: {', '.join(map(output.cell, names[:most]))}{more}"


def _told(missing: Mapping[str, Any] | None, root: str) -> str:
    if missing is None:
        return ""
    if not missing["n"]:
        return f"nothing: each {missing['given']} has a {missing['type']}"
    return (
        f"{missing['n']} of {missing['of']} {missing['given']} have no {missing['type']}: "
        f"persistence missing {root} {missing['type']}"
    )


def _stray(whole: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    texts = {
        "dangling": ("link leads to nothing", "links lead to nothing"),
        "temporary": ("file of a writer that died", "files of writers that died"),
        "foreign": ("file of no dataset type", "files of no dataset type"),
    }
    for name, (singular, plural) in texts.items():
        number, paths = whole[name]["n"], whole[name]["paths"]
        if number:
            yield name, f"{number} {singular if number == 1 else plural}:"
            yield from (("", output.cell(path)) for path in paths)
            if number > len(paths):
                yield "", "..."
