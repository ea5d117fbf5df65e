"""``persistence ingest-files``: bring files of any dataset type into a repository."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import ingest_options, progress
from persistence.cli.usage import PATH, WrongUse

if TYPE_CHECKING:
    from persistence.cli import ingesting

REPOSITORY, WRITES = PATH, True
EXAMPLES = {
    "repo background results.csv": "take paths and data IDs from the columns of a table",
    "repo background 'results/*.yaml' --match '%(visit)d-%(ccdnum)02d.yaml' --transfer copy": (
        "take the data IDs from the names of the files"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, the files with their data IDs, and how they come there."""
    parser.description = (
        "Bring files of a dataset type to their places. A table (.ecsv or .csv) has a column of "
        "paths, called path, file or filename, or else its first, and a column for each key of "
        "the data IDs; or the names of the files tell the data IDs (--match). Of two files for "
        "one data ID neither is ingested."
    )
    parser.add_argument(
        "type", metavar="TYPE", help="the dataset type; `persistence define` defines one"
    )
    parser.add_argument(
        "files", nargs="+", metavar="TABLE", help="the tables; with --match, the files themselves",
    )  # fmt: skip
    parser.add_argument(
        "--match", metavar="TEMPLATE",
        help="the names of the files, from the last directories that it shows: "
             "'%%(visit)d/cat-%%(ccdnum)02d.fits'",
    )  # fmt: skip
    parser.add_argument(
        "--prefix", default="", metavar="DIR",
        help="where relative paths of a table begin; by default the current directory",
    )  # fmt: skip
    # not `id`: it is not a range of data IDs
    parser.add_argument(
        "--with", nargs="+", default=[], action="extend", metavar="KEY=VALUE", dest="common",
        help="keys that all the data IDs have: tract=0",
    )  # fmt: skip
    parser.add_argument(
        "--ignore", nargs="+", default=[], action="extend", metavar="COLUMN",
        help="columns of the tables that are not keys",
    )  # fmt: skip
    ingest_options.add_transfer(parser, skip=False)
    ingest_options.add_settings(parser)
    ingest_options.add_force(parser)


def run(repository: str, arguments: argparse.Namespace) -> int:
    """Ingest the files, and print the report."""
    from persistence.cli import ingesting  # slow: not for --help

    return ingesting.perform(arguments, lambda: _task(arguments))


def _task(arguments: argparse.Namespace) -> tuple[ingesting.Task, bool]:
    from persistence.cli import ingesting
    from persistence.dataids import grammar
    from persistence.dataids.template import PathTemplate
    from persistence.ingest import config as ingest_config
    from persistence.ingest.files import FilesTask

    repository = ingesting.opened(arguments.root, arguments)
    policy = repository.mapper.policy
    config = ingesting.configured(
        ingest_config.load(getattr(repository.mapper, "ingestFile", None)),
        arguments.config,
        arguments.config_file,
    )
    common = grammar.parse(arguments.common, policy.keys, policy.aliases)
    if len(common) > 1:
        raise WrongUse(f"--with {' '.join(arguments.common)} matches several data IDs")
    task = FilesTask(
        repository,
        config,
        mode=ingest_options.TRANSFERS[arguments.transfer],
        name=arguments.type,
        match=None if arguments.match is None else PathTemplate(arguments.match.lstrip("/")),
        prefix=arguments.prefix,
        common=common[0],
        ignored=arguments.ignore,
        dry_run=arguments.dry_run,
        force=arguments.force,
        progress=progress.track,
        show=ingesting.shower(arguments),
    )
    return task, config.allowError
