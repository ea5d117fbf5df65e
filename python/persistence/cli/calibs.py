"""``persistence calibs``: calibrations, when each is valid, and why one is chosen or none."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from persistence.cli import output, usage
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository import Repository
    from persistence.calibs.series import Series
    from persistence.calibs.validity import Window
    from persistence.policy.dataset_type import DatasetType

WRITES = True
_TRANSFERS = ("copy", "symlink", "relsymlink", "hardlink")
_TIMELESS = "choose by calibDate="


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id``, ``--gaps`` and ``--plot``."""
    parser.add_argument(
        "type",
        nargs="?",
        metavar="TYPE",
        help="a calibration, such as flat; all of them by default",
    )
    usage.add_id(parser, "of an exposure: why it gets the calibration that it gets, or none")
    parser.add_argument(
        "--gaps", nargs=2, metavar=("FROM", "TO"), help="the days between two dates that lack one"
    )
    parser.add_argument(
        "--plot", metavar="FILE", help="draw when each is valid: .png, .pdf or .svg"
    )
    parser.add_argument(
        "--export", metavar="DIR",
        help="take them, or those of TYPE, into a directory, with a manifest of files and windows",
    )  # fmt: skip
    parser.add_argument(
        "--import", metavar="DIR", dest="imported",
        help="bring what --export made into --calib, with the windows that they had",
    )  # fmt: skip
    parser.add_argument(
        "-t", "--transfer", choices=_TRANSFERS, default="copy",
        help="how --export and --import bring files; default: copy",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print the reasons for ``--id``, else the gaps, else the windows of each series."""
    from persistence.calibs import series, validity

    if arguments.export is not None or arguments.imported is not None:
        return _moved(butler, arguments)
    if arguments.id:
        return _explain(butler, arguments)
    repository = with_calibrations(butler)
    found = {
        dataset.name: series.of(dataset, registry)
        for dataset, registry in _asked(repository, arguments.type)
    }
    if arguments.plot:
        from persistence.calibs import timeline  # only who draws needs it

        timeline.save([one for several in found.values() for one in several], arguments.plot)
    if arguments.gaps:
        first, last = map(validity.day_of, arguments.gaps)
        rows = list(_gaps(found, repository, validity.Window(first, last)))
    else:
        rows = [row for several in found.values() for one in several for row in _windows(one)]
    if rows or arguments.format != "table":
        output.write(rows, arguments.format)
    else:
        output.lines(["no day lacks one" if arguments.gaps else "there are none"])
    return 0


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
    """Give the first repository of the chain that has a calibration registry.

    Raises
    ------
    NoResults
        If none has.
    """
    for repository in butler.chain.inputs:
        if repository.calibrations.registry is not None:
            return repository
    roots = ", ".join(repository.calibrations.root for repository in butler.chain.inputs)
    raise NoResults(
        "No calibRegistry.sqlite3 in", roots, {}, ["say where it is with --calib DIRECTORY"]
    )


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
        raise usage.WrongUse(f"{name} is no calibration that a registry lists")
    yield dataset, repository.calibrations_of(dataset).registry


def _windows(one: Series) -> Iterator[dict[str, Any]]:
    for date, window in one.windows.items():
        yield {
            "type": one.datasetType,
            **one.key,
            "calibDate": date,
            "first": str(window.first),
            "last": str(window.last),
        }
    for date in one.broken:
        yield {"type": one.datasetType, **one.key, "calibDate": date, "first": "never worked out"}
    for date in one.timeless:
        yield {"type": one.datasetType, **one.key, "calibDate": date, "first": _TIMELESS}


def _gaps(
    found: Mapping[str, list[Series]], repository: Repository, wanted: Window
) -> Iterator[dict[str, Any]]:
    from persistence.calibs import series

    for name, several in found.items():
        for key, window in series.gaps(several, repository.mapper, wanted):
            days = (window.end - window.start).days + 1
            yield {"type": name, **key, "from": window.start, "to": window.end, "days": days}


def _explain(butler: Butler, arguments: argparse.Namespace) -> int:
    if arguments.type is None:
        raise usage.WrongUse("--id asks why: say of which TYPE")
    chosen = True
    for data_id in usage.data_ids(butler, arguments.type, arguments.id):
        explanation = butler.explain(arguments.type, data_id)
        chosen = chosen and len({one.path for one in explanation.chosen}) == 1
        if arguments.format == "table":
            output.lines([str(explanation)])
        else:
            rows = [
                {**one.row, "path": one.path, "reasons": list(one.reasons)}
                for one in explanation.candidates
            ]
            output.write(rows, arguments.format)
    return 0 if chosen else 1
