"""``persistence ingest-calibs``: bring master calibrations into a calibration root.

Also ``ingestCalibs.py``, which is the same with Gen2's options.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from typing import TYPE_CHECKING

from persistence.cli import helptext, ingest_options, naming
from persistence.cli.usage import PATH
from persistence.files import atomic

if TYPE_CHECKING:
    from persistence.cli import ingesting

REPOSITORY, WRITES = PATH, True
# Registered files outside a tree are looked for in repositories, not in calibration roots.
_MODES = [mode for mode in atomic.MODES if mode != "direct"]
_RULES = ["around", "until-superseded", "nearest"]
_DESCRIPTION = (
    "Bring master calibrations into a calibration root: each file is {} to its path in it (see "
    "{}), and registered with the days on which it is valid. Its type comes from the card "
    "OBSTYPE. Ingesting twice does nothing. At the end, days without a calibration and days with "
    "two are listed."
)
EXAMPLES = {
    "repo 'masters/*.fits' --calib repo/CALIB --validity 30": (
        "copy masters, each valid for 30 days before and after its date"
    ),
    "repo 'masters/flat-*.fits' --calib repo/CALIB --rule nearest --transfer symlink": (
        "link flats; on each day, the nearest one is valid"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the files, the mode of delivery, and the validity ranges."""
    parser.description = _DESCRIPTION.format("copied", "--transfer")
    parser.add_argument(
        "files", nargs="+", metavar="FILE", help="file names, or patterns in quotes"
    )
    ingest_options.add_transfer(parser, default="copy", direct=False)
    _add_windows(parser)
    ingest_options.add_own(parser)


def run(repository: str, arguments: argparse.Namespace) -> int:
    """Ingest the files, and print the report."""
    from persistence.cli import ingesting  # slow: not for --help

    arguments.mode, arguments.output = ingest_options.TRANSFERS[arguments.transfer], None
    return ingesting.perform(arguments, lambda: _task(arguments))


_OF_SCRIPT = {
    "repo 'masters/*.fits' --calib repo/CALIB --validity 30 --mode copy": (
        "copy masters, each valid for 30 days before and after its date"
    ),
    "repo 'masters/flat-*.fits' --calib repo/CALIB --rule nearest --mode link": (
        "link flats; on each day, the nearest one is valid"
    ),
}


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the script's command line."""
    command = argparse.ArgumentParser(prog=prog, description=_DESCRIPTION.format("MOVED", "--mode"))
    command.add_argument(
        "root", type=naming.repository, help="the repository: a directory with a file _mapper"
    )
    command.add_argument("files", nargs="+", help="file names, or patterns in quotes")
    _add_windows(command)
    command.add_argument(
        "--mode", choices=_MODES, default="move",
        help="CAUTION: the default is move, as it was in Gen2: files are REMOVED from where they "
             "are.  "
             f"{ingest_options.MODES}",
    )  # fmt: skip
    ingest_options.add_calib(command)
    ingest_options.add_options(command)
    helptext.set_up(command, _OF_SCRIPT)
    return command


def _add_windows(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--types", nargs="+", default=[], metavar="TYPE",
        help="calibrations of these types only, such as bias flat; others are passed over",
    )  # fmt: skip
    parser.add_argument(
        "--validity", type=int, metavar="DAYS",
        help=("the number of days before and after its date for which a calibration is valid; "
             "between two neighbours, the limit is in the middle"),
    )  # fmt: skip
    parser.add_argument(
        "--rule", choices=_RULES, default=None,
        help="the validity of each calibration. around: --validity days around its date; "
             "until-superseded: from its date to that of the next one; nearest: on each day, the "
             "one with the nearest date. Default: around, but until-superseded for defects, "
             "crosstalk and the like",
    )  # fmt: skip
    ingest_options.add_recompute(parser)


def main(argv: Sequence[str] | None = None, prog: str = "ingestCalibs.py") -> int:
    """Run the command; see `persistence.cli.ingest_images.main` for the status."""
    from persistence.cli import ingesting  # slow: not for --help of `persistence`

    arguments = parser(prog).parse_args(argv)
    return ingesting.start(prog, arguments, lambda: _task(arguments), arguments.files)


def _task(arguments: argparse.Namespace) -> tuple[ingesting.Task, bool]:
    from persistence.cli import ingesting
    from persistence.ingest import calibconfig
    from persistence.ingest.calibs import CalibTask, calibs_file

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
        types=tuple(arguments.types),
        recompute=arguments.recompute,
        **ingesting.common(arguments),
    )
    return task, config.allowError


if __name__ == "__main__":
    sys.exit(main())
