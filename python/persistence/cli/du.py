"""``persistence du``: the sizes of files, by dataset type, repository or any key."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import keys, output, usage
from persistence.cli.usage import WrongUse
from persistence.dataids.dataid import DataId
from persistence.errors import did_you_mean
from persistence.files import mirrors

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.index.tree import Totals
    from persistence.cli.inventory import Holding, Place

_Values = tuple[Any, ...]
# What files may be grouped by besides keys. A rerun is a repository of the chain, or a root of
# calibrations.
_TYPE, _RERUN = "type", "rerun"
# What a table calls files that no dataset type has; JSON has null.
_OTHERS = "(other files)"
# The type in whose registry keys are looked up that a template lacks.
_RAW = "raw"
EXAMPLES = {
    "repo/rerun/night --by type,filter": "the sizes by dataset type and filter",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--by`` and ``--as-indexed``."""
    parser.add_argument(
        "--by", default=_TYPE, metavar="COLUMN,COLUMN",
        help="type; rerun, which is a repository of the chain; keys, such as filter, visit or "
        "tract. By default type",
    )  # fmt: skip
    usage.add_as_indexed(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print a row for each group, the largest first; every file of every repository counts.

    Returns
    -------
    status : `int`
        1 if parts of the repository cannot be listed, else 0.
    """
    from persistence.cli import inventory  # lazy: TAB needs no index

    by = _columns(butler, arguments.by)
    places = inventory.places(butler)
    faults = 0 if arguments.as_indexed else inventory.look(places)
    groups: dict[_Values, list[Totals]] = {}
    for values, totals in _groups(butler, places, by):
        groups.setdefault(values, []).append(totals)
    sums = {values: inventory.added(some) for values, some in groups.items()}
    ordered = sorted(
        sums, key=lambda group: (-(sums[group].bytes or 0), -sums[group].n, str(group))
    )
    rows = [
        {**dict(zip(by, values, strict=True)), "files": sums[values].n, "bytes": sums[values].bytes}
        for values in ordered
    ]
    output.write(rows, arguments.format, list(_shown(rows, by)))
    return 1 if faults else 0


def _columns(butler: Butler, text: str) -> list[str]:
    """Return the columns to group by, once each, by the camera's names of keys."""
    words = [word for word in text.replace(",", " ").split() if word]
    kinds, aliases = keys.known(butler, _exposures(butler), words)
    known = [_TYPE, _RERUN, *kinds]
    columns = [aliases.get(word, word) for word in words]
    for word in columns:
        if word not in known:
            raise WrongUse(
                f"--by {text}: there is no key {word!r}{did_you_mean(word, known)} (known: "
                f"{', '.join(known)})"
            )
    if not columns:
        raise WrongUse("--by '': name a column, such as type")
    return list(dict.fromkeys(columns))


def _exposures(butler: Butler) -> str:
    """Return the dataset type of raw exposures; of a camera without, its first one."""
    first = butler.chain.inputs[0]
    return _RAW if first.has(_RAW) else next(iter(first.mapper.types))


def _shown(rows: Sequence[Mapping[str, Any]], by: Sequence[str]) -> Iterator[dict[str, Any]]:
    """Yield the rows of the table, with sizes for people, and their sum."""
    from persistence.cli import inventory

    total = {
        "files": sum(row["files"] for row in rows),
        "bytes": sum(row["bytes"] or 0 for row in rows),
        by[-1]: "total",
    }
    for row in (*rows, total):
        values = {column: row.get(column) for column in by}
        if row is not total and _TYPE in values and values[_TYPE] is None:
            values[_TYPE] = _OTHERS
        yield {"size": inventory.size(row["bytes"]).rjust(7), "files": row["files"], **values}


def _groups(
    butler: Butler, places: Sequence[Place], by: Sequence[str]
) -> Iterator[tuple[_Values, Totals]]:
    """Yield the values of each group of files, with its totals; a group may come in parts."""
    from persistence.butler.index.tree import Totals
    from persistence.cli import inventory

    join = _Join(butler)
    for holding in inventory.holdings(places):
        fixed = {_TYPE: holding.types[0], _RERUN: mirrors.shown(holding.place.tree.root)}
        for values, totals in _by_keys(holding, [key for key in by if key not in fixed], join):
            known = {**fixed, **values}
            yield tuple(known.get(column) for column in by), totals
    for place in places:
        rest = tuple(mirrors.shown(place.tree.root) if column == _RERUN else None for column in by)
        for file in place.tree.foreign():
            yield rest, Totals(1, file.size, file.time, file.time)


def _by_keys(
    holding: Holding, wanted: Sequence[str], join: _Join
) -> Iterator[tuple[dict[str, Any], Totals]]:
    """Yield the values of some keys, as far as known, with their totals."""
    template, tree = holding.template, holding.place.tree
    own = [key for key in wanted if key in template.keys]
    others = tuple(key for key in wanted if key not in own)
    by, found = join.by(tuple(template.keys), others) if others else ((), {})
    asked = list(dict.fromkeys((*own, *by)))
    for values, totals in tree.grouped(template, asked):
        known = dict(zip(asked, values, strict=True))
        joined = found.get(tuple(known[key] for key in by), (None,) * len(others))
        yield {**{key: known[key] for key in own}, **dict(zip(others, joined, strict=True))}, totals


class _Join:
    """The values of keys that a template lacks, such as a calexp's filter: from the registry."""

    def __init__(self, butler: Butler) -> None:
        self._butler = butler
        repository = butler.chain.inputs[0]
        self._name = _exposures(butler)
        tables = repository.mapper.dataset(butler.request(self._name)).tables
        self._columns = (
            {} if repository.registry.lists_files else repository.registry.columns(tables)
        )
        self._found: dict[tuple[tuple[str, ...], ...], Any] = {}

    def by(
        self, keys: tuple[str, ...], wanted: tuple[str, ...]
    ) -> tuple[tuple[str, ...], Mapping[_Values, _Values]]:
        """Return by which of some keys the wanted ones are known, and their values by those."""
        if (keys, wanted) not in self._found:
            self._found[keys, wanted] = self._look_up(keys, wanted)
        values: tuple[tuple[str, ...], Mapping[_Values, _Values]] = self._found[keys, wanted]
        return values

    def _look_up(
        self, keys: tuple[str, ...], wanted: tuple[str, ...]
    ) -> tuple[tuple[str, ...], Mapping[_Values, _Values]]:
        shared = tuple(key for key in keys if key in self._columns)
        known = [key for key in wanted if key in self._columns]
        if not shared or not known:
            return (), {}
        # One key usually suffices: there are fewer visits than detectors of visits.
        for by in (*((key,) for key in shared), shared):
            rows = self._butler.query_rows(self._name, [*by, *known], DataId())
            matches: dict[_Values, _Values] = {}
            for row in rows:
                values = dict(zip(known, row[len(by) :], strict=True))
                matches[row[: len(by)]] = tuple(values.get(key) for key in wanted)
            if len(matches) == len(rows):
                return by, matches
        return (), {}  # several values belong to each
