"""``persistence import-gen3``: take over what Gen3's butler export wrote."""

from __future__ import annotations

import argparse
import contextlib
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, naming, output, progress
from persistence.cli.usage import INCOMPLETE, NONE, WrongUse
from persistence.files import marks

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.repository import Repository
    from persistence.gen3.document import Export
    from persistence.gen3.taking import Days, Item, Taking
    from persistence.ingest.report import Report

REPOSITORY, WRITES = NONE, True
_MODES = {"copy": "copy", "link": "link", "symlink": "relsymlink", "hardlink": "hardlink"}
EXAMPLES = {
    "exported/export.yaml repo": "create a repository from an export of Gen3",
    "exported/export.yaml repo --transfer symlink --collection DECam/calib": (
        "link the files, and take the validity from one collection"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the export, the repository, and how files come there."""
    parser.description = (
        "Take over an export of Gen3: raws are ingested, calibrations are registered with their "
        "windows, runs become reruns. The repository is created if need be. What Gen2 cannot hold "
        f"is listed with the reason, and the exit status is {INCOMPLETE} then."
    )
    parser.add_argument("export", metavar="EXPORT.yaml", help="what `butler export` wrote")
    parser.add_argument(
        "root", metavar="REPO", type=naming.repository, help="the repository, which may be new"
    )
    parser.add_argument(
        "--transfer", choices=list(_MODES), default="copy",
        help="how files come into REPO: copy (the default), hardlink, absolute (link) or relative "
        "(symlink) symbolic links",
    )  # fmt: skip
    parser.add_argument(
        "--collection", metavar="NAME",
        help="if there are several CALIBRATION collections: the one whose validity is used",
    )  # fmt: skip
    parser.add_argument(
        "--round-days", action="store_true",
        help="if the registry has days but no times: round the ends of a calibration's validity to "
        "the nearest midnight",
    )  # fmt: skip


def run(nothing: None, arguments: argparse.Namespace) -> int:
    """Import the export, and print what is there and what is not.

    Returns
    -------
    status : `int`
        0 if everything is taken over, else 3.
    """
    from persistence.butler import create
    from persistence.cli import ingesting
    from persistence.gen3 import document, taking

    export = document.read(arguments.export)
    root = os.path.abspath(arguments.root)
    camera = arguments.mapper or _camera(export)
    created = create.create(root, camera, dry_run=arguments.dry_run)
    if arguments.dry_run and created.status == "new":
        raise WrongUse(f"{root} is not there: create it first (persistence create) for a dry run")
    repository = ingesting.opened(root, arguments)
    mapper: Any = repository.mapper
    report = _ingest_raws(repository, taking.plan(export, mapper, taking.Days()), arguments)
    days = _days(root, arguments)
    plan = taking.plan(export, mapper, days, arguments.collection)
    failed = [] if arguments.dry_run else list(_deliver(root, plan, arguments))
    problems = [*failed, *((*row, None) for row in plan.refused)]
    problems += [
        ("raw", 1, f"{path}: {why}", None) for path, why in (report.failed if report else ())
    ]
    _print(plan, problems, arguments)
    return INCOMPLETE if problems else 0


def _camera(export: Export) -> str:
    instruments = [record["name"] for record in export.records("instrument")]
    if len(instruments) != 1:
        raise WrongUse(
            f"the export is of {len(instruments)} instruments ({', '.join(instruments)}): a "
            "repository of Gen2 is of one camera"
        )
    return str(instruments[0])


def _ingest_raws(
    repository: Repository, plan: Taking, arguments: argparse.Namespace
) -> Report | None:
    """Ingest raw files: their headers say what they are."""
    from persistence.ingest import config as ingest_config
    from persistence.ingest.task import IngestTask

    if not plan.raws:
        return None
    task = IngestTask(
        repository,
        ingest_config.of(repository.mapper),
        mode=_MODES[arguments.transfer],  # type: ignore[arg-type]  # one of the modes
        dry_run=arguments.dry_run,
        progress=progress.track,
        show=lambda line: None,
    )
    return task.run(list(plan.raws))


def _days(root: str, arguments: argparse.Namespace) -> Days:
    """Return how the registry of exposures knows times: by their day, and in which scale."""
    from persistence.butler.butler import Butler
    from persistence.calibs import validity
    from persistence.dataids.dataid import DataId
    from persistence.errors import PersistenceError
    from persistence.gen3 import names, taking

    butler = Butler(root, mode="r")
    scale, times = "utc", []
    types = butler.chain.inputs[0].mapper.types.values()
    columns = {each.obsTimeName for each in types if each.validRange and each.obsTimeName}
    for key in names.EXPOSURE_KEYS:
        for column in columns:
            with contextlib.suppress(PersistenceError):  # no such table, or no such column
                times += [row[1] for row in butler.query_rows("raw", [key, column], DataId())]
    with contextlib.suppress(PersistenceError):  # there is no raw
        first = next(iter(butler.query("raw", limit=1)), None)
        if first is not None:
            scale = butler.get("raw_visitInfo", dict(first)).timescale or scale
    by_day = bool(times) and not any(validity.moment(text).time for text in times if text)
    return taking.Days(scale, by_day, arguments.round_days)


def _deliver(
    root: str, plan: Taking, arguments: argparse.Namespace
) -> Iterator[tuple[str, int, str, None]]:
    """Copy or link the files to their paths, and register calibrations; yield what failed."""
    from persistence.butler import write
    from persistence.errors import PersistenceError
    from persistence.files import atomic, durable, journal

    mode: Any = _MODES[arguments.transfer]
    by_tree: dict[str, list[Item]] = {}
    for item in plan.items:
        by_tree.setdefault(item.tree, []).append(item)
    for tree, items in by_tree.items():
        butler = _opened(root, tree, plan.parents.get(tree, ()), items)
        repository = (butler.chain.outputs or butler.chain.inputs)[0]
        butler.chain.settle()
        registered: list[Item] = []
        targets: list[str] = []
        for item in progress.track(items, len(items), "Importing"):
            try:
                request = butler.request(item.datasetType)
                location = write.prepare(repository, request, item.dataId).location
                if item.window is not None:  # Gen2 puts masters beside the data
                    location = location._replace(root=repository.calibrations.root)
                target = location.full_path
                if not (os.path.lexists(target) and atomic.same(item.source, target)):
                    atomic.deliver(item.source, target, mode, atomic.is_lost(target))
                    journal.append(
                        location.root, "ingest", location.path, d=item.datasetType,
                        id=dict(location.dataId),
                    )  # fmt: skip
                targets.append(target)
                registered += [item] if item.window is not None else []
            except PersistenceError as error:
                text = "; ".join(line.strip() for line in str(error).splitlines())
                yield item.gen3, 1, text, None
        files = [path for path in targets if not os.path.islink(path)]
        durable.flush(files, durable.ancestors(targets, root) if targets else ())
        _register(repository, registered)


def _opened(root: str, tree: str, parents: Sequence[str], items: Sequence[Item]) -> Butler:
    from persistence.butler.butler import Butler

    calibs = os.path.join(root, marks.CALIB)
    if not tree:
        if any(item.window is not None for item in items):
            os.makedirs(calibs, exist_ok=True)
        options: dict[str, Any] = {"calibRoot": calibs} if os.path.isdir(calibs) else {}
        return Butler(root, **options)
    inputs = [os.path.join(root, each) for each in parents if each]
    inputs = [path for path in inputs if os.path.isdir(path)]
    return Butler(inputs=[*inputs, root], outputs=os.path.join(root, tree))


def _register(repository: Repository, items: Sequence[Item]) -> None:
    """Add the rows of calibrations, with their windows, in one transaction."""
    from persistence.ingest import calibconfig
    from persistence.ingest.calibs import calibs_file
    from persistence.registry import open_writer

    if not items:
        return
    configs = [
        calibconfig.load(calibs_file(repository), type(repository.mapper).__name__, curated)
        for curated in (False, True)
    ]
    registers = {table: each.register for each in configs for table in each.register.tables}
    writer = open_writer(
        repository.calibrations.root,
        {table: register.spec(table) for table, register in registers.items()},
        "calibRegistry",
    )
    with contextlib.closing(writer), writer.transaction():
        for item in items:
            for table in repository.mapper.types[item.datasetType].tables:
                if table in registers:
                    writer.add(table, [_row(item, registers[table])], ignore=True)


def _row(item: Item, register: Any) -> Mapping[str, Any]:
    """Return the row of a calibration; a filter that does not count is NONE."""
    known = {"filter": "NONE", "calib_hdu": 1, "path": item.source, **item.dataId}
    known[register.validStart] = str(item.window.first if item.window else "")
    known[register.validEnd] = str(item.window.last if item.window else "")
    return {column: known.get(column) for column in register.columns}


def _print(plan: Taking, problems: Sequence[Any], arguments: argparse.Namespace) -> None:
    groups: dict[tuple[str, str, str], int] = {}
    for item in plan.items:
        key = (item.datasetType, item.gen3, item.tree or ".")
        groups[key] = groups.get(key, 0) + 1
    rows = [
        {"datasetType": name, "gen3": gen3, "repository": tree, "number": number}
        for (name, gen3, tree), number in groups.items()
    ]
    if plan.raws:
        raws = {"datasetType": "raw", "gen3": "raw", "repository": "."}
        rows.insert(0, {**raws, "number": len(plan.raws)})
    if arguments.format == "table":
        output.lines(output.table(rows) if rows else ["nothing to take over"])
        for name, number, reason, _ in problems:
            messages.note(f"not taken over: {name} ({number}): {reason}")
        return
    left = [
        {"gen3": name, "number": number, "status": "left", "reason": reason}
        for name, number, reason, _ in problems
    ]
    output.write([*({**row, "status": "imported"} for row in rows), *left], arguments.format)
