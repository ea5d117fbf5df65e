"""``persistence status``: the contents of a repository and its parents, on one screen."""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, usage
from persistence.dataids.dataid import DataId
from persistence.errors import RegistryError
from persistence.files import mirrors

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.index.tree import Totals
    from persistence.cli.inventory import Holding, Place

# Number of paths shown, without --all.
_PATHS = 3
# Dataset types with the types that they are computed from: missing ones are counted.
_MADE = ("calexp", "raw")
EXAMPLES = {
    "repo/rerun/night": "what there is in a rerun and in the repository below it",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--all`` and ``--as-indexed``."""
    parser.add_argument(
        "--all", action="store_true", help="show every type, repository, path and name"
    )
    usage.add_as_indexed(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the screen; as JSON all that is known, as CSV or Parquet its types.

    Returns
    -------
    status : `int`
        1 if parts of the repository cannot be read, else 0.
    """
    from persistence.cameras.installed import gen2_name
    from persistence.cli import inventory, screen  # lazy: TAB needs no index

    places = inventory.places(butler)
    faults = 0 if arguments.as_indexed else inventory.look(places)
    holdings = list(inventory.holdings(places))
    if arguments.as_indexed and not holdings:
        messages.note("nothing is indexed yet: leave out --as-indexed")
    has_registry, is_damaged = _registry(butler)
    faults += is_damaged
    types = list(_types(holdings))
    is_nested = arguments.format in output.NESTED
    if arguments.format != "table" and not is_nested:
        output.write(types, arguments.format)
        return 1 if faults else 0
    whole = {
        "repository": mirrors.shown(butler.chain.inputs[0].root),
        "camera": gen2_name(butler.chain.inputs[0].mapper),
        "chain": list(_chain(places, holdings)),
        "types": types,
        **_keys(butler, holdings, has_registry),
        "reruns": sorted(_reruns(butler)),
        "missing": _missing(butler, holdings) if has_registry else None,
        **_strays(places, None if arguments.all or is_nested else _PATHS),
    }
    if is_nested:
        spans = {name: screen.ends(whole[name]) for name in ("visits", "nights", "tracts")}
        output.write([{**whole, **spans}], arguments.format)
    else:
        output.lines(screen.lines(whole, arguments.root, arguments.all))
    return 1 if faults else 0


# -- what there is
# ---------------------------------------------------------------------------------------


def _types(holdings: Sequence[Holding]) -> Iterator[dict[str, Any]]:
    """Yield a row for each dataset type, over the whole chain, the most bytes first."""
    from persistence.cli import inventory

    alike: dict[str, list[Holding]] = {}
    for holding in holdings:
        alike.setdefault(holding.types[0], []).append(holding)
    sums = {name: inventory.added([each.totals for each in some]) for name, some in alike.items()}
    for name in sorted(sums, key=lambda name: (-(sums[name].bytes or 0), -sums[name].n, name)):
        yield {"type": name, "also": alike[name][0].types[1:], **_totals(sums[name])}


def _chain(places: Sequence[Place], holdings: Sequence[Holding]) -> Iterator[dict[str, Any]]:
    """Yield a row for each tree."""
    from persistence.cli import inventory

    for place in places:
        totals = inventory.added([each.totals for each in holdings if each.place is place])
        yield {
            "root": mirrors.shown(place.tree.root),
            "calibrations": not place.is_repository,
            **_totals(totals),
        }


def _totals(totals: Totals) -> dict[str, Any]:
    from persistence.cli import inventory

    return {
        "files": totals.n,
        "bytes": totals.bytes,
        "newest": inventory.instant(totals.newest),
        "oldest": inventory.instant(totals.oldest),
    }


def _registry(butler: Butler) -> tuple[bool, bool]:
    """Return whether there is a registry of visits, and whether it cannot be read."""
    from persistence.registry import summaries

    registry = butler.chain.inputs[0].registry
    if registry.lists_files:
        return False, False
    try:
        tables = registry.tables()
    except RegistryError as error:  # the rest is worth seeing, now more than ever
        messages.problem(str(error))
        return False, True
    try:
        summaries.names_of(registry)
    except RegistryError:  # it is of other things
        return False, False
    return bool(tables), False


def _keys(
    butler: Butler, holdings: Sequence[Holding], has_registry: bool
) -> dict[str, dict[Any, int]]:
    """Return visits, filters and nights, of the registry, or else of the files; and tracts.

    Each has its values, with how many visits, or files, have them.
    """
    from persistence.registry import summaries

    registry = butler.chain.inputs[0].registry
    if not has_registry:
        known = (summaries.VISIT, summaries.FILTER, summaries.DATE)
        counts = [_values(holdings, names) for names in known]
    else:
        columns = summaries.names_of(registry)
        rows = summaries.visits(registry, columns)
        names = (columns.visit, columns.filter, columns.date)
        counts = [Counter(row[name] for row in rows if name is not None) for name in names]
    counts.append(_values(holdings, ("tract",)))
    return dict(zip(("visits", "filters", "nights", "tracts"), map(dict, counts), strict=True))


def _values(holdings: Sequence[Holding], names: Sequence[str]) -> Counter[Any]:
    """Count the files by the values of a key, of the type that has it and the most files."""
    having = [
        (holding.totals.n, holding, name)
        for holding in holdings
        for name in names
        if name in holding.template.keys
    ]
    if not having:
        return Counter()
    _, holding, name = max(having, key=lambda some: some[0])
    rows = holding.place.tree.grouped(holding.template, [name])
    return Counter({values[0]: totals.n for values, totals in rows})


def _reruns(butler: Butler) -> Iterable[str]:
    from persistence.cli import places

    return places.reruns(butler.chain.inputs[0].root)


def _missing(butler: Butler, holdings: Sequence[Holding]) -> dict[str, Any] | None:
    """Return how many raws have no calibrated exposure; None if there are no raws.

    It counts what ``missing`` lists, but faster.
    """
    name, source = _MADE
    first = butler.chain.inputs[0]
    if not all(first.has(each) for each in _MADE):
        return None
    files = {each: [holding_ for holding_ in holdings if each in holding_.types] for each in _MADE}
    known = first.registry.columns(first.mapper.dataset(butler.request(source)).tables)
    keys = [key for key in butler.getKeys(name, "") or () if key in known]
    # By these it is known whether a raw's file is there: it may hold many raws.
    by = [key for key in keys if all(key in holding_.template.keys for holding_ in files[source])]
    if not by or not files[source]:
        return None
    present = set(_rows(files[source], by))
    rows = butler.query_rows(source, keys, DataId())
    places = [keys.index(key) for key in by]
    raws = {row for row in rows if tuple(row[position] for position in places) in present}
    lacking = raws.difference(_rows(files[name], keys))
    return {"type": name, "given": source, "n": len(lacking), "of": len(raws)} if raws else None


def _rows(holdings: Sequence[Holding], keys: Sequence[str]) -> Iterator[tuple[Any, ...]]:
    """Yield the values of keys of all files of a type."""
    for holding in holdings:
        yield from holding.place.tree.rows(holding.template, keys)


def _strays(places: Sequence[Place], most: int | None) -> dict[str, Any]:
    """Return links that lead to nothing, and files that no dataset type has."""
    from persistence.cli import inventory

    dangling, foreign, temporary = list[str](), list[str](), list[str]()
    counts = Counter[str]()
    for tree, _ in places:
        links = [os.path.join(tree.root, path) for path in tree.dangling()]
        some, strangers, begun = inventory.leftovers(tree, most)
        counts.update(dangling=len(links), foreign=strangers, temporary=begun)
        dangling += links
        foreign += some.foreign
        temporary += some.temporary
    return {
        "dangling": {"n": counts["dangling"], "paths": dangling[:most]},
        "foreign": {"n": counts["foreign"], "paths": foreign[:most]},
        "temporary": {"n": counts["temporary"], "paths": temporary[:most]},
    }
