"""``persistence quality``: list the quality of processed exposures, and suspicious ones."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import asking, messages, output, places, usage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.quality.bounds import Bound
    from persistence.quality.rows import Summaries

# The exit status of --strict if anything is suspicious.
SUSPICIOUS = 3
# Number of rows shown of longer lists, without --all.
_ROWS = 20
# What a screen shows of a detector: column -> its head, the digits behind the point, a factor.
_SHOWN: Mapping[str, tuple[str, int, float]] = {
    "seeing": ('seeing"', 2, 1),
    "ellipticity": ("e", 3, 1),
    "skyBg": ("sky", 0, 1),
    "skyNoise": ("noise", 1, 1),
    "zeroPoint": ("zero pt", 3, 1),
    "magLim": ("depth", 2, 1),
    "astromOffsetMean": ("astr mas", 0, 1000),
    "nSource": ("sources", 0, 1),
    "nPsfStar": ("psf", 0, 1),
    "nMatch": ("match", 0, 1),
    "fractionMasked": ("lost %", 2, 100),
}
EXAMPLES = {
    "repo/rerun/night --id filter=g --sort seeing-": (
        "the exposures of a filter, with the worst seeing first"
    ),
    "repo/rerun/night --bound seeing:max=2.0 --strict --plot night.png": (
        "draw them, and fail if the seeing exceeds 2 arcseconds"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that select exposures, the bounds and the picture."""
    places.add_rerun(parser)
    parser.add_argument(
        "--where", metavar="CONDITION", help="which: 'visit in (1..100) and ccdnum < 20'"
    )
    usage.add_id(parser, "the data IDs: visit=410877..410879 ccdnum=1^28; may be repeated")
    parser.add_argument(
        "--bounds", metavar="FILE",
        help="bounds in YAML, which replace the default ones of the same quantities: "
        "'seeing: {max: 2.0, mads: 5, within: visit}'; 'seeing: null' for none",
    )  # fmt: skip
    parser.add_argument(
        "--bound", action="append", default=[], metavar="QUANTITY:max=N,mads=N",
        help="one bound; or QUANTITY:none; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--sort", metavar="COLUMN", help="sort rows by a column, the largest first with '-' behind"
    )
    parser.add_argument("--all", action="store_true", help="show each detector, however many")
    parser.add_argument(
        "--plot", metavar="FILE", help="draw seeing, zero point, sky and depth: .png, .pdf, .svg"
    )
    parser.add_argument(
        "--over", choices=["time", "focal-plane"],
        help="the abscissa of the plot; default: the focal plane for one visit, time for several",
    )  # fmt: skip
    parser.add_argument(
        "--strict", action="store_true",
        help=f"exit with status {SUSPICIOUS} if anything is suspicious",
    )  # fmt: skip
    usage.add_as_indexed(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the summaries, suspicious ones first, and draw them.

    Returns
    -------
    status : `int`
        0 whether or not any is suspicious; with ``--strict``, 3 if one is. (Without summaries, an
        error is raised, which is 1.)
    """
    from persistence.quality import rows

    where = asking.condition(butler, rows.TYPES[0], arguments)
    limits = _limits(arguments)
    summaries = rows.load(butler, where, limits, not arguments.as_indexed)
    order = _order(summaries, arguments.sort)
    if arguments.format == "table":
        output.lines(_screen(summaries, order, arguments.all))
    else:
        output.write([summaries.row(number) for number in order], arguments.format)
    if arguments.plot:
        from persistence.plot import quality  # lazy: only pictures need matplotlib

        quality.save(summaries.columns, summaries.suspicious, arguments.plot, arguments.over)
        messages.note(f"{arguments.plot} is drawn")
    return SUSPICIOUS if arguments.strict and summaries.suspicious.any() else 0


def _limits(arguments: argparse.Namespace) -> dict[str, Bound]:
    """Return the bounds: the default ones, changed by the file, changed by the options."""
    from persistence.files import yaml_nodes
    from persistence.quality import bounds

    limits = dict(bounds.BOUNDS)
    if arguments.bounds:
        top = yaml_nodes.compose(arguments.bounds)
        changes = {} if top is None else yaml_nodes.plain(top)
        limits = bounds.changed(limits, changes, arguments.bounds)
    for text in arguments.bound:
        name, bound = bounds.parse(text)
        limits = bounds.changed(limits, {name: bound}, f"--bound {text}")
    return limits


def _order(summaries: Summaries, sort: str | None) -> Sequence[int]:
    """Return the rows in the requested order; by default, suspicious ones first."""
    import numpy as np

    from persistence.errors import UsageError, did_you_mean
    from persistence.quality import bounds

    if sort is None:
        return list(np.argsort(~summaries.suspicious, kind="stable"))
    name = sort.removesuffix("-")
    known = [*summaries.columns, *bounds.QUANTITIES]
    if name not in known:
        raise UsageError(f"--sort: there is no column {name!r}{did_you_mean(name, known)}")
    values: Any = bounds.values_of(summaries.columns, name)
    if values is None:  # texts
        _texts, values = np.unique(summaries.columns[name], return_inverse=True)
    return list(np.argsort(-values if sort.endswith("-") else values, kind="stable"))


def _screen(summaries: Summaries, order: Sequence[int], is_all: bool) -> Iterator[str]:
    number, suspicious = len(summaries), int(summaries.suspicious.sum())
    visits = summaries.columns["visit"]
    groups = list(dict.fromkeys(visits.tolist()))
    title = f"{number} exposures of {output.count(len(groups), 'visit')}"
    yield f"{title}; {suspicious or 'none'} {'is' if suspicious == 1 else 'are'} suspicious"
    if number > len(groups):
        yield ""
        yield "medians"
        key = "visit" if len(groups) <= _ROWS else "band"
        yield from output.table(list(_medians(summaries, key)))
    rows = [_row(summaries, row) for row in order]
    if not is_all and number > _ROWS:
        rows = [row for row in rows if row["why suspicious"]]
    shown = rows if is_all else rows[:_ROWS]
    if shown:
        yield ""
        yield from output.table(shown)
    if len(shown) < number:
        yield f"... {number - len(shown)} more; --all shows them"


def _medians(summaries: Summaries, key: str) -> Iterator[dict[str, Any]]:
    import numpy as np

    keys = summaries.columns[key]
    for value in dict.fromkeys(keys.tolist()):
        rows = np.flatnonzero(keys == value)
        row = {key: value} | (
            {"band": summaries.columns["band"][rows[0]]} if key == "visit" else {}
        )
        row |= {"exposures": len(rows), "suspicious": int(summaries.suspicious[rows].sum())}
        yield row | _figures(summaries, rows)


def _row(summaries: Summaries, number: int) -> dict[str, Any]:
    import numpy as np

    columns = summaries.columns
    named = {"visit": "visit", "id": "detector", "detectorName": "name", "band": "band"}
    row = {head: columns[name][number].tolist() for name, head in named.items()}
    row |= _figures(summaries, np.array([number]))
    return row | {"why suspicious": "; ".join(summaries.reasons[number])}


def _figures(summaries: Summaries, rows: Any) -> dict[str, str]:
    """Return the numbers that are printed: the median of each known quantity."""
    import numpy as np

    from persistence.quality import bounds

    shown = {}
    for name, (head, digits, factor) in _SHOWN.items():
        values = bounds.values_of(summaries.columns, name)
        known = values[rows][np.isfinite(values[rows])] if values is not None else rows[:0]
        text = f"{np.median(known) * factor:.{digits}f}" if known.size else "-"
        shown[head] = text.rjust(len(head))
    return shown
