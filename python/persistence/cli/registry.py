"""``persistence registry``: visits or calibrations in the registry, or totals by filter."""

from __future__ import annotations

import argparse
import math
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import output
from persistence.cli.usage import WrongUse
from persistence.errors import NoResults, did_you_mean

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.registry import Registry
    from persistence.registry.summaries import Names, Row
EXAMPLES = {
    "repo --visit 410877..410879": "what the registry has about some visits",
    "repo --summary": "totals by filter and field, with --id options",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that select rows, ``--summary`` and ``--calib-type``."""
    parser.add_argument(
        "--visit",
        nargs="+",
        default=[],
        metavar="VISIT",
        help="these visits only: 410877..410879 410881",
    )
    parser.add_argument(
        "--field", metavar="PATTERN", help="these fields only (a camera's objects): 'COSMOS*'"
    )
    parser.add_argument("--filter", metavar="PATTERN", help="these filters only: g, '[gr]'")
    parser.add_argument(
        "--summary",
        action="store_true",
        help="for each filter and field: how many visits, how long, and their --id",
    )
    parser.add_argument(
        "--calib-type",
        metavar="TYPE",
        help="not visits, but the calibrations of a type: bias, flat",
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the rows, the sums, or the calibrations."""
    if arguments.calib_type is not None:
        rows = shown = _calibrations(butler, arguments)
    else:
        from persistence.registry import summaries

        registry = _registry(butler)
        names = summaries.names_of(registry)
        rows = shown = summaries.visits(
            registry, names, arguments.field, arguments.filter, arguments.visit
        )
        if arguments.summary:
            rows = list(_sums(names, rows))
            shown = [*rows, _total(names, rows)]
    if rows or arguments.format != "table":
        output.write(rows, arguments.format, shown)
    if not rows:
        raise _nothing(arguments)
    return 0


def _registry(butler: Butler) -> Registry:
    """Return the registry that serves the repository."""
    registry = butler.chain.inputs[0].registry
    if registry.lists_files:
        root = butler.chain.inputs[0].root
        raise NoResults(
            "No registry of",
            root,
            {},
            ["neither it nor a parent has a registry.sqlite3; ingest creates one"],
        )
    return registry


def _calibrations(butler: Butler, arguments: argparse.Namespace) -> Sequence[Row]:
    from persistence.cli import calibs
    from persistence.registry import summaries

    for name in ("visit", "field", "summary"):
        if getattr(arguments, name):
            raise WrongUse(f"--{name} is of visits, and --calib-type lists calibrations")
    registry: Any = calibs.with_calibrations(butler).calibrations.registry
    known, wanted = summaries.types(registry), arguments.calib_type
    if wanted not in known:
        hint = did_you_mean(wanted, known)
        raise WrongUse(
            f"{registry.path} has no calibrations of type {wanted!r}{hint} (it has "
            f"{', '.join(known)})"
        )
    return summaries.calibrations(registry, wanted, arguments.filter)


def _sums(names: Names, rows: Sequence[Row]) -> Iterator[Row]:
    """Return a row for each filter and field, with the options that match its visits."""
    from persistence.dataids import ranges

    columns = [column for column in (names.filter, names.field) if column is not None]
    alike: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        alike.setdefault(tuple([row[column] for column in columns]), []).append(row)
    for key, some in sorted(alike.items(), key=lambda pair: [str(value) for value in pair[0]]):
        numbers = {str(row[names.visit]) for row in some}
        totals: dict[str, Any] = {"visits": len(numbers)}
        if names.exposure is not None:
            totals[names.exposure] = _seconds(row[names.exposure] for row in some)
        yield {
            **dict(zip(columns, key, strict=True)),
            **totals,
            "id": f"--id {names.visit}={ranges.text(numbers)}",
        }


def _total(names: Names, sums: Sequence[Row]) -> Row:
    total: dict[str, Any] = {
        names.filter or names.field or "id": "total",
        "visits": sum(row["visits"] for row in sums),
    }
    if names.exposure is not None:
        total[names.exposure] = _seconds(row[names.exposure] for row in sums)
    return total


def _seconds(values: Iterable[float | None]) -> float:
    """Add exposure times, as exactly as they are read."""
    return round(math.fsum(value or 0.0 for value in values), 3)


def _nothing(arguments: argparse.Namespace) -> NoResults:
    options = {
        name: getattr(arguments, name)
        for name in ("field", "filter", "visit")
        if getattr(arguments, name)
    }
    return NoResults(
        "No rows for registry:", arguments.calib_type or "visits", options, ["it has none of these"]
    )
