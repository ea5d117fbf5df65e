"""``persistence share``: allow a group to write into the repository, too."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from persistence.cli import output
from persistence.cli.usage import WrongUse
from persistence.errors import RepositoryError, did_you_mean
from persistence.files import mirrors, ownership, sharing

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

WRITES = True
EXAMPLES = {
    "repo --group astro": "allow a group to write into the repository",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--group``."""
    parser.add_argument(
        "--group", metavar="NAME", help="the group; default: the group of the directory"
    )


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Share the repository, and print the paths that could not be shared."""
    root = butler.chain.inputs[0].root
    if refused := mirrors.refusal(root):
        raise RepositoryError(refused)
    status = os.stat(root)
    if os.geteuid() not in (0, status.st_uid):
        raise RepositoryError(
            f"{root} belongs to {ownership.user(status.st_uid)}, and only its owner can share it"
        )
    group = status.st_gid if arguments.group is None else _group(arguments.group)
    if not ownership.is_member(group):
        raise WrongUse(f"you are not in the group {ownership.group(group)}, and cannot share so")
    shared = sharing.share(root, group, arguments.dry_run)
    if arguments.format != "table":
        output.write([{"root": root, "group": group, **shared._asdict()}], arguments.format)
        return 0
    verb, may = ("would be", "could") if arguments.dry_run else ("is", "may")
    lines = [
        f"{root} {verb} shared with the group {ownership.group(group)}: it {may} write "
        f"{shared.given} files and directories, and what comes from now on"
    ]
    if shared.linked:
        lines.append(f"  {shared.linked} links, or files with other names, stay as they are")
    if shared.foreign:
        lines.append(f"  {shared.foreign} files of other users stay as they are: only they can")
    output.lines(lines)
    return 0


def _group(name: str) -> int:
    import grp  # not on Windows

    groups = {entry.gr_name: entry.gr_gid for entry in grp.getgrall()}
    if name in groups:
        return groups[name]
    if name.isdecimal():
        return int(name)
    try:
        return grp.getgrnam(name).gr_gid  # of a directory service that lists none
    except KeyError:
        raise WrongUse(f"there is no group {name!r}{did_you_mean(name, groups)}") from None
