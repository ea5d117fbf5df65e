"""``persistence create``: create a repository of a camera in a directory."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from persistence.cli import messages, output
from persistence.cli.usage import PATH, WrongUse

if TYPE_CHECKING:
    from persistence.butler.create import Created

REPOSITORY, WRITES = PATH, True
EXAMPLES = {
    "repo --camera decam": "a repository of DECam in the directory repo",
    "repo --camera my_camera.yaml": "one of a camera that a file of your own describes",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--camera``."""
    parser.description = (
        "Create a repository of a camera: write a _mapper into a directory, as Gen2 does. The "
        "directory is created if it does not exist. A repository of the same camera is left as it "
        "is."
    )
    parser.add_argument(
        "--camera", metavar="NAME",
        help="decam, latiss, lsst.obs.lsst.Latiss, lsst.obs.decam.DecamMapper, package.Mapper "
             "(which is imported), or a camera's YAML file",
    )  # fmt: skip


def run(repository: str, arguments: argparse.Namespace) -> int:
    """Create it, and print its camera."""
    from persistence.butler import create  # slow: not for --help
    from persistence.files import marks

    camera = arguments.camera or arguments.mapper
    if camera is None:
        raise WrongUse("a repository needs a camera: pass --camera NAME")
    created = create.create(repository, camera, dry_run=arguments.dry_run)
    if arguments.format == "table":
        output.lines([_told(created, arguments.dry_run)])
    else:
        output.write([created._asdict()], arguments.format)
    above = marks.nearest(os.path.dirname(created.root))
    if above is not None and created.status == "new":
        messages.note(f"{created.root} lies in the repository {above}, which is not its parent")
    return 0


def _told(created: Created, dry_run: bool) -> str:
    if created.status == "same":
        return f"{created.root} is a repository of {created.mapper} already"
    verb = "would be" if dry_run else "is"
    return f"{created.root} {verb} a repository of {created.mapper}"
