"""``persistence at``: list what lies at a position, or on a patch or an exposure."""

from __future__ import annotations

import argparse
import re
from typing import TYPE_CHECKING, Any

from persistence.cli import asking, progress, usage
from persistence.cli.usage import WrongUse
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.asking.rows import Rows
    from persistence.butler.butler import Butler

FEDERATES = True
# The unit of an angle by its letter: degrees, minutes, seconds.
_UNITS = {"d": 1.0, "m": 1 / 60, "s": 1 / 3600}
_ANGLE = re.compile(r"([-+]?(?:\d+\.?\d*|\.\d+)(?:[eE][-+]?\d+)?)([dms]?)")
EXAMPLES = {
    "repo 150.1 2.2 --radius 1m --type calexp": (
        "calexps within 1 arcminute of RA 150.1, Dec 2.2 degrees"
    ),
    "repo --overlaps tract=0 patch=1,1 --type calexp --id filter=r --short": (
        "the --id options of the calexps in r that overlap a patch"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the position, ``--radius``, ``--overlaps``, ``--type``, ``--id`` and ``--short``."""
    parser.description = (
        "List the datasets that cover a position (RA DEC), or that overlap a patch, a tract or an "
        "exposure (--overlaps). Where an exposure lies is read from its header once, and kept."
    )
    parser.add_argument(
        "ra", nargs="?", type=angle, metavar="RA", help="right ascension (deg, ICRS)"
    )
    parser.add_argument("dec", nargs="?", type=angle, metavar="DEC", help="declination (deg, ICRS)")
    where = parser.add_argument_group("where on the sky")
    where.add_argument(
        "--radius", type=angle, default=0.0, metavar="ANGLE",
        help="also list what is within this distance: 0.5d or 0.5 (degrees), 1m (arcminutes), 30s "
        "(arcseconds)",
    )  # fmt: skip
    where.add_argument(
        "--overlaps", nargs="+", metavar="KEY=VALUE",
        help="instead of RA DEC: a patch (tract=0 patch=1,1), a tract (tract=0), or an exposure "
        "(visit=123456 ccdnum=28)",
    )  # fmt: skip
    where.add_argument(
        "--at", metavar="STAGE",
        help="where an exposure lies is taken from this stage: raw, calexp; default: the best",
    )  # fmt: skip
    which = parser.add_argument_group("which datasets")
    which.add_argument(
        "--type", action="append", metavar="TYPE",
        help="a dataset type: calexp; may be repeated; default: every type, or with --overlaps raw",
    )  # fmt: skip
    usage.add_id(which, "only these: filter=r visit=410877..410879")
    parser.add_argument(
        "--short", action="store_true",
        help="print the shortest --id options that select these, for tasks",
    )  # fmt: skip
    usage.add_as_indexed(parser)


def angle(text: str) -> float:
    """Read an angle, and return it in degrees."""
    match = _ANGLE.fullmatch(text.strip())
    if match is None:
        raise ValueError(text)
    return float(match[1]) * _UNITS[match[2] or "d"]


angle.__name__ = "angle"  # argparse shows it


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the data IDs, and the type of each if there may be several."""
    with progress.directories("Reading headers") as report:
        butler.sky.refresh(progress=report, fresh=not arguments.as_indexed)
    answers = _overlapping(butler, arguments) if arguments.overlaps else _at(butler, arguments)
    columns = list(dict.fromkeys(name for rows in answers.values() for name in rows.columns))
    several = len(answers) > 1
    lines = (
        [*([name] if several else []), *(row.get(column) for column in columns)]
        for name, rows in answers.items()
        for row in rows
    )
    if arguments.short:
        if several:
            raise WrongUse(f"--short needs one --type (there are {', '.join(answers)})")
        ids = [column for column in columns if column not in ("covered", "exists")]
        rows = ([row[column] for column in ids] for its in answers.values() for row in its)
        count = asking.write_short(ids, rows, arguments.format)
    else:
        count = asking.write([*(["type"] if several else []), *columns], lines, arguments.format)
    if not count:
        raise NoResults(
            "Nothing at:", " ".join(answers) or "any type", _place(arguments), _why(butler)
        )
    return 0


def _place(arguments: argparse.Namespace) -> dict[str, Any]:
    if arguments.overlaps:
        return dict(word.partition("=")[::2] for word in arguments.overlaps)
    return {"ra": arguments.ra, "dec": arguments.dec, "radius": arguments.radius}


def _why(butler: Any) -> list[str]:
    number = len(butler.sky.without_region(fresh=False))
    lost = f"{number} datasets have no known region: butler.sky.without_region()"
    return [lost if number else "all exposures have a region, and none is here"]


def _where(butler: Any, name: str, arguments: argparse.Namespace) -> dict[str, Any]:
    ids = usage.data_ids(butler, name, arguments.id)
    if len(ids) > 1:
        raise WrongUse("--id is a condition here: write several values as visit=1^2..5")
    return dict(ids[0])


def _at(butler: Any, arguments: argparse.Namespace) -> dict[str, Rows]:
    if arguments.ra is None or arguments.dec is None:
        raise WrongUse("expected RA and DEC (deg), or --overlaps tract=0 patch=1,1")
    where = _where(butler, (arguments.type or ["raw"])[0], arguments)
    answers: dict[str, Rows] = butler.sky.at(
        arguments.ra, arguments.dec, arguments.radius, arguments.type, arguments.at,
        not arguments.as_indexed, **where,
    )  # fmt: skip
    return answers


def _overlapping(butler: Any, arguments: argparse.Namespace) -> dict[str, Rows]:
    if arguments.ra is not None:
        raise WrongUse("expected a position or --overlaps, not both")
    answers = {}
    for name in arguments.type or ["raw"]:
        where = {**_region(arguments.overlaps), **_where(butler, name, arguments)}
        answers[name] = butler.sky.overlaps(
            name, where, at=arguments.at, fresh=not arguments.as_indexed
        )
    return answers


def _region(words: list[str]) -> dict[str, Any]:
    region: dict[str, Any] = {}
    for word in words:
        key, equals, value = word.partition("=")
        if not equals:
            raise WrongUse(f"--overlaps {word}: expected KEY=VALUE, such as tract=0 patch=1,1")
        region[key] = int(value) if value.isdigit() and key != "patch" else value
    return region
