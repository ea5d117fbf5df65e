"""``persistence ingest-refcat``: create a reference catalog from tables of sources."""

from __future__ import annotations

import argparse
import os
from collections.abc import Sequence

from persistence.cli import output, progress
from persistence.cli.usage import PATH, WrongUse

REPOSITORY, WRITES = PATH, True
_DEPTH = 7
EXAMPLES = {
    "repo gaia 'gaia/*.csv' --map coord_ra=ra coord_dec=dec g_flux=gmag --unit "
    "ra=deg dec=deg gmag=ABmag --epoch J2016.0": (
        "create ref_cats/gaia from tables that have neither units nor an epoch"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the catalog's name, the tables, and the options about their columns."""
    parser.description = (
        "Create a reference catalog, ref_cats/NAME, from tables of sources (.fits, .ecsv, .csv, "
        ".parquet, .vot): a file for each trixel, as in Gen2. Columns are recognized by their "
        "usual names; numbers with unknown units are an error."
    )
    # not `name`, by which a type is meant elsewhere
    parser.add_argument("catalog", metavar="NAME", help="the name of the catalog")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="file names, or patterns in quotes"
    )
    parser.add_argument(
        "--map", nargs="+", default=[], action="extend", metavar="NEW=OLD",
        help="columns: coord_ra=RAdeg g_flux=gmag g_fluxErr=e_gmag pm_ra=pmRA epoch=Ep",
    )  # fmt: skip
    parser.add_argument(
        "--unit", nargs="+", default=[], action="extend", metavar="COLUMN=UNIT",
        help="units that the tables lack: RAdeg=deg gmag=ABmag pmRA=mas/yr",
    )  # fmt: skip
    parser.add_argument(
        "--epoch", default="", help="the epoch of the positions, if no column has it: J2016.0"
    )
    parser.add_argument(
        "--keep", nargs="+", default=[], action="extend", metavar="COLUMN",
        help="further columns, which stay as they are",
    )  # fmt: skip
    parser.add_argument(
        "--drop", nargs="+", default=[], action="extend", metavar="COLUMN",
        help="columns to skip, such as motions with an unknown unit",
    )  # fmt: skip
    parser.add_argument(
        "--depth", type=int, choices=range(4, 13), default=_DEPTH, metavar="DEPTH",
        help="the depth of the mesh of trixels, 4 to 12; default: 7 (0.3 square degrees each)",
    )  # fmt: skip
    parser.add_argument(
        "--replace", action="store_true", help="replace another catalog of that name"
    )


def run(repository: str, arguments: argparse.Namespace) -> int:
    """Write the catalog, and print its properties."""
    from persistence.butler import write as putting  # slow: not for --help
    from persistence.cli import ingesting
    from persistence.dataids.request import Request
    from persistence.refcats import convert, write
    from persistence.refcats.columns import Wishes

    if "/" in arguments.catalog or arguments.catalog[:1] in (".", ""):
        raise WrongUse(f"{arguments.catalog!r} can be no catalog's name: it is one directory's")
    opened = ingesting.opened(repository, arguments)
    opened.is_allowed = opened.is_allowed or arguments.dry_run
    request, name = Request("ref_cat_config"), {"name": arguments.catalog}
    path = putting.prepare(opened, request, name).location.full_path
    if arguments.epoch:
        # raises an error for an invalid name before tables are read
        convert.parse_epoch(arguments.epoch)
    wishes = Wishes(
        _pairs(arguments.map, "--map"),
        _pairs(arguments.unit, "--unit"),
        tuple(arguments.keep),
        tuple(arguments.drop),
        arguments.epoch,
    )
    table, notes = write.gather(_expanded(arguments.files), wishes, progress.track)
    written = write.write(
        os.path.dirname(path),
        arguments.catalog,
        table,
        notes,
        arguments.depth,
        arguments.replace,
        arguments.dry_run,
        progress.track,
    )
    if arguments.format == "table":
        would = "would be " if arguments.dry_run else ""
        output.lines(
            [
                f"{written.path}: {would}{written.status}, {written.sources} sources in "
                f"{written.shards} shards: {', '.join(written.columns)}",
                *(f"  {note}" for note in written.notes),
            ]
        )
    else:
        output.write([written._asdict()], arguments.format)
    return 0


def _pairs(words: Sequence[str], option: str) -> dict[str, str]:
    pairs: dict[str, str] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not (name and equals and text):
            raise WrongUse(f"{option} {word}: write {option} NAME=VALUE")
        if name in pairs:
            raise WrongUse(f"{option}: {name} is repeated")
        pairs[name] = text
    return pairs


def _expanded(patterns: Sequence[str]) -> list[str]:
    """Expand patterns, as the shell would have; each has to name a file."""
    import glob

    paths: list[str] = []
    for pattern in patterns:
        matches = [pattern] if os.path.lexists(pattern) else sorted(glob.glob(pattern))
        if not matches:
            raise WrongUse(f"{pattern}: no such file")
        paths += matches
    return list(dict.fromkeys(paths))
