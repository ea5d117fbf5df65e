"""``persistence calibs``: list calibrations and their validity, and explain which one is chosen."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, usage
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository import Repository
    from persistence.calibs.grouping import Group
    from persistence.calibs.series import Series
    from persistence.calibs.validity import Window
    from persistence.policy.dataset_type import DatasetType

WRITES = True
_TRANSFERS = ("copy", "symlink", "relsymlink", "hardlink")
_TIMELESS = "choose by calibDate="
_OPEN = "(open)"
# The columns that are the same in rows that a table shows as one.
_WINDOW = ("type", "calibDate", "first", "last")
_GAP = ("type", "from", "to", "days")
EXAMPLES = {
    "repo flat --calib repo/CALIB --id visit=410877 ccdnum=28": (
        "explain which flat is chosen for an exposure"
    ),
    "repo --calib repo/CALIB --timeline --from 2015-01-01 --to 2015-04-30": (
        "draw when each calibration is valid"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id``, and how the windows, or the gaps, are shown."""
    parser.add_argument(
        "type",
        nargs="?",
        metavar="TYPE",
        help="a calibration, such as flat; all of them by default",
    )
    usage.add_id(parser, "an exposure: explain why a calibration is chosen for it, or none")
    parser.add_argument(
        "--gaps", nargs=2, metavar=("FROM", "TO"), help="the days between two dates that lack one"
    )
    parser.add_argument(
        "--from",
        dest="first",
        metavar="DATE",
        help="omit validity ranges that end before this date: 2015-02-18",
    )
    parser.add_argument(
        "--to", dest="last", metavar="DATE", help="omit validity ranges that begin after this date"
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="draw when each is valid: .png, .pdf or .svg"
    )
    parser.add_argument(
        "--timeline", action="store_true", help="show when each is valid as lines of text"
    )
    parser.add_argument(
        "--export", metavar="DIR",
        help="export them, or those of TYPE, into a directory, with a manifest of files and "
             "validity ranges",
    )  # fmt: skip
    parser.add_argument(
        "--import", metavar="DIR", dest="imported",
        help="import an --export into --calib, with the same validity ranges",
    )  # fmt: skip
    parser.add_argument(
        "-t", "--transfer", choices=_TRANSFERS, default="copy",
        help="how --export and --import bring files; default: copy",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the reasons for ``--id``, else the gaps, else the windows of each series.

    A table has one row for all detectors that are alike; other formats have a row for each.
    """
    from persistence.calibs import grouping, series, validity

    if arguments.export is not None or arguments.imported is not None:
        return _moved(butler, arguments)
    if arguments.id:
        return _explain(butler, arguments)
    repository = with_calibrations(butler)
    by_type = {
        dataset.name: series.of(dataset, registry)
        for dataset, registry in _asked(repository, arguments.type)
    }
    first, last = (
        None if text is None else validity.day_of(text)
        for text in (arguments.first, arguments.last)
    )
    if first and last and first > last:
        raise usage.WrongUse(f"--from {first} is after --to {last}")
    groups = grouping.of_series(several_ for several in by_type.values() for several_ in several)
    if arguments.plot or arguments.timeline:
        _draw(groups, first, last, arguments)
        if arguments.timeline:
            return 0
    if arguments.gaps:
        start, end = map(validity.day_of, arguments.gaps)
        rows = list(_gaps(by_type, repository, validity.Window(start, end)))
        shown = grouping.of_rows(rows, _GAP)
    else:
        seen = validity.Window(first or date.min, last or date.max)
        every = [several_ for several in by_type.values() for several_ in several]
        rows = [row for several_ in every for row in _windows(several_, seen)]
        shown = grouping.of_rows(list(map(_with_open_ends, rows)), _WINDOW)
    if rows or arguments.format != "table":
        output.write(rows, arguments.format, shown)
    else:
        output.lines(["no day lacks one" if arguments.gaps else "there are none"])
    return 0


def _draw(
    groups: Sequence[Group], first: date | None, last: date | None, arguments: argparse.Namespace
) -> None:
    """Draw a timeline into a file, or print it."""
    import shutil

    from persistence.calibs import spans, textline

    shown = spans.span(groups, first, last)
    if arguments.plot:
        from persistence.calibs import timeline  # lazy: imports numpy

        timeline.save(groups, arguments.plot, shown)
        messages.note(f"{arguments.plot} is drawn")
    if arguments.timeline:
        output.lines(textline.lines(groups, shown, shutil.get_terminal_size().columns))


def _moved(butler: Butler, arguments: argparse.Namespace) -> int:
    """Export or import calibrations."""
    from persistence.cli import ingest_options, ingesting, progress
    from persistence.ingest import calibexport
    from persistence.ingest.config import IngestConfig

    if arguments.export is not None and arguments.imported is not None:
        raise usage.WrongUse("--export and --import: do one after the other")
    mode = ingest_options.TRANSFERS[arguments.transfer]
    if arguments.imported is not None:
        task = calibexport.ImportTask(
            butler.chain.inputs[0],
            IngestConfig(),
            mode=mode,
            root=ingesting.calib_root(arguments.root, arguments.calib, None),
            types=() if arguments.type is None else (arguments.type,),
            dry_run=arguments.dry_run,
            progress=progress.track,
            show=ingesting.shower(arguments),
        )
        arguments.files = [arguments.imported]
        return ingesting.perform(arguments, lambda: (task, False))
    repository = with_calibrations(butler)
    exported = calibexport.export(
        repository,
        arguments.export,
        [dataset for dataset, _ in _asked(repository, arguments.type)],
        mode,
        arguments.dry_run,
        progress.track,
    )
    if arguments.format == "table":
        verb = "would list" if arguments.dry_run else "lists"
        output.lines(
            [
                f"{exported.path} {verb} {exported.files} files, {exported.rows} rows",
                *(f"  file missing  {row}" for row in exported.missing),
            ]
        )
    else:
        output.write([exported._asdict()], arguments.format)
    return 1 if exported.missing else 0


def with_calibrations(butler: Butler) -> Repository:
    """Return the first repository of the chain that has a calibration registry.

    Raises
    ------
    NoResults
        If none has.
    """
    for repository in butler.chain.inputs:
        if repository.calibrations.registry is not None:
            return repository
    roots = ", ".join(repository.calibrations.root for repository in butler.chain.inputs)
    raise NoResults("No calibRegistry.sqlite3 in", roots, {}, ["pass its directory with --calib"])


def _asked(repository: Repository, name: str | None) -> Iterator[tuple[DatasetType, Any]]:
    from persistence.calibs import series

    if name is None:
        registry = repository.calibrations.registry
        yield from (
            ((dataset, registry) for dataset in series.types(repository.mapper, registry))
            if registry
            else ()
        )
        return
    dataset = repository.mapper.dataset(repository.mapper.request(name))
    if dataset.section != "calibrations" or not dataset.tables:
        raise usage.WrongUse(f"{name} is not a calibration in a registry")
    yield dataset, repository.calibrations_of(dataset).registry


def _windows(series_: Series, seen: Window) -> Iterator[dict[str, Any]]:
    """Yield a row for each calibration whose window has some of the days."""
    named = {"type": series_.datasetType, **series_.key}
    for text, window in series_.windows.items():
        if window.meets(seen):
            ends = {"first": str(window.first), "last": str(window.last)}
            yield {**named, "calibDate": text, **ends}
    for text in series_.broken:
        yield {**named, "calibDate": text, "first": "never worked out"}
    for text in series_.timeless:
        yield {**named, "calibDate": text, "first": _TIMELESS}


def _with_open_ends(row: Mapping[str, Any]) -> dict[str, Any]:
    """Return the row of a table, which says of an open end that it is one."""
    from persistence.calibs import validity

    if "last" not in row:
        return dict(row)
    window = validity.window(row["first"], row["last"])
    first = _OPEN if window.is_open_before else row["first"]
    return {**row, "first": first, "last": _OPEN if window.is_open_after else row["last"]}


def _gaps(
    by_type: Mapping[str, list[Series]], repository: Repository, wanted: Window
) -> Iterator[dict[str, Any]]:
    from persistence.calibs import series

    for name, several in by_type.items():
        for key, window in series.gaps(several, repository.mapper, wanted):
            days = (window.end - window.start).days + 1
            yield {"type": name, **key, "from": window.start, "to": window.end, "days": days}


def _explain(butler: Butler, arguments: argparse.Namespace) -> int:
    if arguments.type is None:
        raise usage.WrongUse("--id explains a choice: pass a TYPE, too")
    chosen = True
    for data_id in usage.data_ids(butler, arguments.type, arguments.id):
        explanation = butler.explain(arguments.type, data_id)
        chosen = chosen and len({candidate.path for candidate in explanation.chosen}) == 1
        if arguments.format == "table":
            output.lines([str(explanation)])
        else:
            rows = [
                {**candidate.row, "path": candidate.path, "reasons": list(candidate.reasons)}
                for candidate in explanation.candidates
            ]
            output.write(rows, arguments.format)
    return 0 if chosen else 1
