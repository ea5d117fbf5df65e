"""``persistence diff``: compare two repositories by data ID: what is only in one, what differs."""

from __future__ import annotations

import argparse
import os
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from persistence.cli import cameras, naming, output, places, progress, usage
from persistence.cli.usage import PATH, WrongUse

if TYPE_CHECKING:
    from persistence.keep.comparison import Comparison, Pair

REPOSITORY = PATH
# Datasets of a type and state that are shown without --all, and differences of one dataset.
_SHOWN = 5
EXAMPLES = {
    "repo/rerun/old repo/rerun/new --detail": "list what differs between two reruns, and how",
    "repo copy --type calexp --rtol 1e-6 --ignore 'DATE-*,FILENAME'": (
        "compare calexps only, up to rounding"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the other repository, and how they are compared."""
    parser.description = (
        "Compare two repositories by data ID: which datasets only one of them has, and which "
        "differ. Data count, not bytes: dates and checksums in headers do not. The exit status is "
        "1 if anything differs."
    )
    parser.add_argument(
        "other", metavar="OTHER", type=naming.repository, help="the repository to compare with"
    )
    what = parser.add_argument_group("what is compared")
    what.add_argument(
        "-t", "--type", action="append", default=[], metavar="TYPE,TYPE",
        help="only these dataset types: calexp,src; may be repeated",
    )  # fmt: skip
    what.add_argument(
        "--chain", action="store_true",
        help="what a Butler finds in each, also in parents; by default the repository's own files",
    )  # fmt: skip
    what.add_argument(
        "--rtol", type=float, default=0.0, metavar="FRACTION",
        help="how much numbers may differ, as a fraction of the one in OTHER; default: 0",
    )  # fmt: skip
    what.add_argument(
        "--atol", type=float, default=0.0, metavar="NUMBER",
        help="how much numbers may differ, in addition to that; default: 0",
    )  # fmt: skip
    what.add_argument(
        "--ignore", action="append", default=[], metavar="CARD,CARD",
        help="further FITS cards, or entries of YAML, that are not compared: 'DATE-*,FILENAME'; "
        "may be repeated",
    )  # fmt: skip
    shown = parser.add_argument_group("what is printed")
    shown.add_argument(
        "--detail", action="store_true",
        help=f"list datasets that differ, and how: the first {_SHOWN} of each type",
    )  # fmt: skip
    shown.add_argument("--all", action="store_true", help="list all of them")
    parser.add_argument(
        "-j", "--jobs", type=int, default=0, metavar="N",
        help="the number of files compared at the same time; default: the number of processors",
    )  # fmt: skip


def run(root: str, arguments: argparse.Namespace) -> int:
    """Print a summary by dataset type, and on request each dataset.

    Returns
    -------
    status : `int`
        0 if both hold the same data, else 1.
    """
    from persistence.keep.comparison import compare  # lazy: TAB does without
    from persistence.keep.values import IGNORED

    for path in (root, arguments.other):
        places.refuse_absent(path)
    if arguments.rtol < 0 or arguments.atol < 0:
        raise WrongUse("--rtol and --atol: a tolerance is not negative")
    given: dict[str, Any] = dict(cameras.given(arguments))
    if arguments.calib:
        given["calibRoot"] = arguments.calib
    comparison = compare(
        root,
        arguments.other,
        types=usage.words(arguments.type),
        rtol=arguments.rtol,
        atol=arguments.atol,
        ignore=(*IGNORED, *usage.words(arguments.ignore)),
        chain=arguments.chain,
        jobs=arguments.jobs,
        track=lambda pairs: progress.track(pairs, len(pairs), "Comparing"),
        **given,
    )
    if arguments.format == "table":
        output.lines(_screen(comparison, arguments))
    elif arguments.detail or arguments.all:
        output.write([_row(pair) for pair in comparison.pairs], arguments.format)
    else:
        output.write(list(_summary(comparison)), arguments.format)
    return 0 if comparison.is_same else 1


def _summary(comparison: Comparison) -> Iterator[dict[str, Any]]:
    for name, counts in sorted(comparison.counts.items()):
        yield {"type": name, **counts}


def _row(pair: Pair) -> dict[str, Any]:
    return {
        "type": pair.datasetType,
        "dataId": dict(pair.dataId),
        "state": pair.state,
        "first": pair.paths[0],
        "second": pair.paths[1],
        "what": list(pair.what),
    }


def _screen(comparison: Comparison, arguments: argparse.Namespace) -> Iterator[str]:
    yield from output.table(list(_summary(comparison)))
    total = sum(sum(counts.values()) for counts in comparison.counts.values())
    if comparison.is_same:
        yield f"the same data: {total} files"
        return
    yield f"{len(comparison.pairs)} of {total} are not the same"
    if not (arguments.detail or arguments.all):
        yield "--detail lists them"
        return
    groups: dict[tuple[str, str], list[Pair]] = {}
    for pair in comparison.pairs:
        groups.setdefault((pair.datasetType, pair.state), []).append(pair)
    for (name, state), pairs in groups.items():
        yield ""
        yield f"{name}, {state} ({len(pairs)})"
        for pair in pairs if arguments.all else pairs[:_SHOWN]:
            path = pair.paths[0] or pair.paths[1]
            yield f"  {pair}  {os.fspath(path or '')}"
            yield from (f"    {line}" for line in _limited(pair.what, arguments.all))
        if not arguments.all and len(pairs) > _SHOWN:
            yield f"  ... {len(pairs) - _SHOWN} more; --all lists them"


def _limited(lines: tuple[str, ...], is_all: bool) -> Iterator[str]:
    yield from lines if is_all else lines[:_SHOWN]
    if not is_all and len(lines) > _SHOWN:
        yield f"... {len(lines) - _SHOWN} more"
