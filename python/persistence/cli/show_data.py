"""``persistence show-data``: the data IDs of existing datasets, or shortest options for them."""

from __future__ import annotations

import argparse
import functools
import itertools
import sys
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, usage
from persistence.dataids.dataid import DataId
from persistence.errors import NoResults, UnknownKey

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.request import Request

_Row = tuple[Any, ...]
# Directories are listed for so many data IDs at first, so that the first lines come at once, and
# for so many later.
_FIRST, _AT_ONCE = 64, 8192
EXAMPLES = {
    "repo raw --id filter=g --short": "the shortest --id options for the raws in g",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id``, ``--all``, and how data IDs are shown."""
    parser.add_argument(
        "type",
        nargs="?",
        default="raw",
        metavar="TYPE",
        help="a dataset type; default: raw",
    )
    usage.add_id(
        parser,
        "the data IDs: visit=410877..410879 ccdnum=1^28; may be repeated; default: all",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="also those that are registered but have no file",
    )
    how = parser.add_mutually_exclusive_group()
    how.add_argument(
        "--short", action="store_true",
        help="the shortest --id options that match exactly these; the default on a terminal",
    )  # fmt: skip
    how.add_argument(
        "--long", action="store_true", help="each data ID on a line; the default in pipes"
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the data IDs as they are found, with the dataset type's keys in their order."""
    name, counts = arguments.type, Counter[str]()
    keys = tuple(butler.getKeys(name, "") or ())
    absent: list[DataId] = []
    rows = _found(butler, arguments, keys, counts, absent)
    is_for_people = arguments.format == "table" and sys.stdout.isatty()
    if arguments.short or (is_for_people and not arguments.long):
        _shorten(butler, name, keys, rows, arguments)
        if not arguments.short and counts["shown"] > 1:
            messages.note(f"these are {counts['shown']} data IDs; --long lists them")
    elif arguments.format == "table":
        family = butler.chain.family(name)  # its types have different keys
        output.lines(
            " ".join(
                _word(key, value)
                for key, value in zip(keys, row, strict=True)
                if not family or value is not None
            )
            for row in rows
        )
    else:
        output.stream(rows, arguments.format, keys)
    usage.tell_dangling(butler, _request(butler, name), absent)
    if not counts["shown"]:
        raise _nothing(butler, arguments, counts["registered"])
    if counts["shown"] < counts["registered"]:
        messages.note(
            f"{counts['shown']} of {counts['registered']} {name} are there; --all shows the others "
            "too"
        )
    return 0


def _found(
    butler: Butler,
    arguments: argparse.Namespace,
    keys: Sequence[str],
    counts: Counter[str],
    absent: list[DataId],
) -> Iterator[_Row]:
    """Yield the values of the keys of each data ID; count them, and collect missing ones."""
    from persistence.butler.exists import Existence  # lazy: slow to import

    is_there, number = Existence(butler, arguments.type), _FIRST
    references = iter(usage.references(butler, arguments.type, arguments.id))
    while some := [reference.dataId for reference in itertools.islice(references, number)]:
        counts["registered"] += len(some)
        number = min(2 * number, _AT_ONCE)
        for data_id, there in zip(some, is_there.of(some), strict=True):
            if not there and len(absent) < usage.LOOKED_AT:
                absent.append(data_id)
            if arguments.all or there:
                counts["shown"] += 1
                yield tuple([data_id.get(key) for key in keys])


def _nothing(butler: Butler, arguments: argparse.Namespace, registered: int) -> NoResults:
    from persistence.butler import refusal  # lazy: only needed for error messages

    name, first = arguments.type, usage.data_ids(butler, arguments.type, arguments.id)[0]
    if not registered:
        return refusal.refuse(butler.chain, "show-data", _request(butler, name), first)
    reasons = [f"{registered} are registered, whose files are not there; --all shows them"]
    return NoResults("No locations for show-data:", name, first, reasons)


def _request(butler: Butler, name: str) -> Request:
    """Return the request for a name; a component has its composite's keys."""
    family = butler.chain.family(name)
    name = next(iter(family.values())) if family else name
    return butler.chain.request(name.partition(".")[0])


@functools.lru_cache(maxsize=1 << 16)
def _word(key: str, value: Any) -> str:
    from persistence.dataids import shorthand  # only who prints them needs it

    return shorthand.quoted(f"{key}={'' if value is None else value}")


# -- the short form
# ---------------------------------------------------------------------------------------


def _shorten(
    butler: Butler,
    name: str,
    keys: Sequence[str],
    rows: Iterator[_Row],
    arguments: argparse.Namespace,
) -> None:
    """Print the options; each choice of their values is one of the data IDs, and no other."""
    from persistence.dataids import shorthand  # only who prints them needs it

    data_ids = list(rows)
    telling = _telling(butler, name, keys)
    options = shorthand.typed([{key: row[keys.index(key)] for key in telling} for row in data_ids])
    if arguments.format == "table":
        output.lines(options)
    else:
        output.write([{"options": option} for option in options], arguments.format)


def _telling(butler: Butler, name: str, keys: Sequence[str]) -> Sequence[str]:
    """Return the keys that distinguish all registered data IDs; the registry supplies the others.

    The keys by which the camera's datasets are usually identified are always included.
    """
    from persistence.policy import suppliers

    first = butler.chain.knowing(_request(butler, name)).mapper
    dataset = first.dataset(_request(butler, name))
    if "files" in suppliers.shares(dataset, first.policy, keys):  # no registry supplies any
        return keys
    try:
        rows = butler.matching(name, "", DataId()).rows
    except (UnknownKey, NoResults):
        return keys
    uses = _uses(butler, name, keys)
    ranked = sorted(keys, key=lambda key: -uses[key])
    chosen = {key for key in ranked if 2 * uses[key] >= uses[ranked[0]]}
    needed = []
    while len(chosen) < len(keys) and not _tell_apart(keys, rows, chosen):
        needed.append(next(key for key in ranked if key not in chosen))
        chosen.add(needed[-1])
    for key in needed:  # earlier keys may be determined by later ones
        if _tell_apart(keys, rows, chosen - {key}):
            chosen.remove(key)
    return [key for key in keys if key in chosen]


def _tell_apart(keys: Sequence[str], rows: Sequence[_Row], chosen: Collection[str]) -> bool:
    places = [position for position, key in enumerate(keys) if key in chosen]
    return len({tuple([row[position] for position in places]) for row in rows}) == len(rows)


def _uses(butler: Butler, name: str, keys: Sequence[str]) -> Counter[str]:
    """Count the dataset types of single exposures that each key is one of."""
    from persistence.policy.suppliers import SKYMAP_KEYS

    types = butler.chain.knowing(_request(butler, name)).mapper.types.values()
    alike = [dataset for dataset in types if SKYMAP_KEYS.isdisjoint(dataset.keys)]
    return Counter(key for dataset in alike for key in dataset.keys if key in keys)
