"""``ingestCuratedCalibs.py`` and ``ingestDefects.py``.

Bring curated calibrations into a calibration root.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from persistence.cli import helptext, ingest_options, ingesting, naming
from persistence.ingest import calibconfig, curated
from persistence.ingest.calibs import CalibTask, calibs_file

EXAMPLES = {
    "repo curated/decam --calib repo/CALIB": (
        "ingest all types of curated calibrations in a directory"
    ),
    "repo curated/decam/defects --calib repo/CALIB --dry-run": (
        "print what would be ingested of the defects"
    ),
}


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(
        prog=prog,
        description="Ingest curated calibrations (defects, crosstalk, ...) into a calibration "
        "root, "
        "as FITS files. The files are <instrument>/<type>/<detector>/<start>.ecsv, .yaml or .fits, "
        "or in <type>/<date> of the rerun in which they were created; they are not moved. Each is "
        "valid from its CALIBDATE until the next one's. If one is invalid, none is ingested; "
        "ingesting twice does nothing.",
    )
    command.add_argument(
        "repo", type=naming.repository, help="the repository: a directory with a file _mapper"
    )
    command.add_argument(
        "root",
        help=("the directory of a type, .../decam/defects; or its parent, for all types in it"),
    )
    ingest_options.add_calib(command)
    ingest_options.add_options(command)
    helptext.set_up(command, EXAMPLES)
    return command


def main(argv: Sequence[str] | None = None, prog: str = "ingestCuratedCalibs.py") -> int:
    """Run the command; see `persistence.cli.ingest_images.main` for the status."""
    arguments = parser(prog).parse_args(argv)
    return ingesting.start(prog, arguments, lambda: _task(arguments), [arguments.root])


def _task(arguments: argparse.Namespace) -> tuple[ingesting.Task, bool]:
    repository = ingesting.opened(arguments.repo, arguments)
    config = calibconfig.load(
        calibs_file(repository), type(repository.mapper).__name__, curated=True
    )
    config = ingesting.configured(config, arguments.config, arguments.config_file)
    task = CalibTask(
        repository,
        calibconfig.checked(config, "the command line"),
        root=ingesting.calib_root(arguments.repo, arguments.calib, arguments.output),
        mode="copy",  # of temporary FITS files
        rule="until-superseded",
        recompute=True,  # a later one ends the validity of the one before: that is the rule
        **ingesting.common(arguments),
    )
    return curated.Curated(task), config.allowError


if __name__ == "__main__":
    sys.exit(main())
