"""``ingestImages.py`` and ``ingestImagesDecam.py``: bring images into a repository."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from persistence.cli import helptext, ingest_options, ingesting, naming
from persistence.dataids import grammar
from persistence.ingest import config as ingest_config
from persistence.ingest.task import IngestTask

EXAMPLES = {
    "repo 'night/DECam_*.fits.fz'": "link all raw files of a directory into the repository",
    "repo 'night/*.fits.fz' --mode copy --badId ccdnum=61 --dry-run": (
        "print what would be copied, without one detector"
    ),
}


def parser(prog: str, filetypes: bool) -> argparse.ArgumentParser:
    """Return the parser of the command line; ``filetypes`` adds ``--filetype``."""
    command = argparse.ArgumentParser(
        prog=prog,
        description="Ingest images into a repository: each file is linked (or copied, or moved) "
        "to its path, and its data IDs are registered. Files already ingested are "
        "kept; ingesting twice does nothing.",
    )
    command.add_argument(
        "root", type=naming.repository, help="the repository: a directory with a file _mapper"
    )
    command.add_argument("files", nargs="+", help="file names, or patterns in quotes")
    command.add_argument(
        "--mode", choices=IngestTask.MODES, default="link",
        help=f"default: link; {ingest_options.MODES}{ingest_options.DIRECT}",
    )  # fmt: skip
    ingest_options.add_options(command)
    ingest_options.add_bad(command)
    if filetypes:
        command.add_argument(
            "--filetype",
            default="raw",
            help="raw (default), or instcal: Community Pipeline triples",
        )
    helptext.set_up(command, EXAMPLES)
    return command


def main(
    argv: Sequence[str] | None = None, prog: str = "ingestImages.py", filetypes: bool = False
) -> int:
    """Run the command.

    Returns
    -------
    status : `int`
        0 if all is in the repository, 1 if a file failed (unless ``allowError``), 2 if the command
        was mistyped, 130 if it was interrupted.
    """
    arguments = parser(prog, filetypes).parse_args(argv)
    return ingesting.start(prog, arguments, lambda: task(arguments), arguments.files)


def task(arguments: argparse.Namespace) -> tuple[ingesting.Task, bool]:
    """Return the task that the arguments set up, and whether files may fail."""
    repository = ingesting.opened(arguments.root, arguments)
    packaged = ingesting.of_package("ingest", arguments, repository)
    if packaged is not None:
        return packaged
    config = ingest_config.of(repository.mapper)
    config = ingesting.configured(config, arguments.config, arguments.config_file)
    config = ingest_config.checked(config, "the command line")
    keys = config.register.types
    bad_ids = [data_id for words in arguments.badId for data_id in grammar.parse(words, keys)]
    ingest = IngestTask(
        repository,
        config,
        mode=arguments.mode,
        filetype=getattr(arguments, "filetype", "raw"),
        bad_files=arguments.badFile,
        bad_ids=bad_ids,
        **ingesting.common(arguments),
    )
    return ingest, config.allowError


if __name__ == "__main__":
    sys.exit(main())
