"""``ingestCalibs.py``: bring master calibrations into a calibration root."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

from persistence.cli import ingesting
from persistence.ingest import calibconfig
from persistence.ingest.calibs import CalibTask, calibs_file

_RULES = ["around", "until-superseded", "nearest"]


def parser(prog: str) -> argparse.ArgumentParser:
    """Make the parser of the command line."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="Bring master calibrations into a calibration root: each file is MOVED to its "
        "place (unless --mode says otherwise), and registered with the days on which it is to be "
        "used. OBSTYPE says its type. "
        "Ingesting twice does nothing. At the end, days without a calibration and days with two "
        "are told.",
    )
    made.add_argument("root", help="the repository: a directory with a file _mapper")
    made.add_argument("files", nargs="+", help="file names, or patterns in quotes")
    made.add_argument(
        "--validity", type=int, metavar="DAYS",
        help=("for how many days before and after its date a calibration may be used; neighbours "
             "part in the middle"),
    )  # fmt: skip
    made.add_argument(
        "--rule", choices=_RULES, default=None,
        help="around: as --validity says; until-superseded: from its date to the next one's; "
             "nearest: each day has the one of the nearest date. Default: around, but "
             "until-superseded for defects, crosstalk and the like",
    )  # fmt: skip
    made.add_argument(
        "--mode", choices=CalibTask.MODES, default="move",
        help="CAUTION: the default is move, as it was in Gen2: files VANISH from where they are. "
             f"{ingesting.MODES}",
    )  # fmt: skip
    ingesting.add_calib(made)
    ingesting.add_options(made)
    return made


def main(argv: Sequence[str] | None = None, prog: str = "ingestCalibs.py") -> int:
    """Run the command; see `persistence.cli.ingest_images.main` for the status."""
    arguments = parser(prog).parse_args(argv)
    return ingesting.start(prog, lambda: _task(arguments), arguments.files)


def _task(arguments: argparse.Namespace) -> tuple[ingesting.Task, bool]:
    repository = ingesting.opened(arguments.root, arguments)
    packaged = ingesting.of_package("ingestCalibs", arguments, repository)
    if packaged is not None:
        return packaged
    config = calibconfig.load(calibs_file(repository), type(repository.mapper).__name__)
    config = ingesting.configured(config, arguments.config, arguments.config_file)
    task = CalibTask(
        repository,
        calibconfig.checked(config, "the command line"),
        mode=arguments.mode,
        root=ingesting.calib_root(arguments.root, arguments.calib, arguments.output),
        days=arguments.validity,
        rule=arguments.rule,
        recompute=arguments.recompute,
        **ingesting.common(arguments),
    )
    return task, config.allowError


if __name__ == "__main__":
    sys.exit(main())
