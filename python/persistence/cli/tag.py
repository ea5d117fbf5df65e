"""``persistence tag``: put tags on data IDs, take them away, and list them."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import output, usage
from persistence.cli.usage import WrongUse

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

EXAMPLES = {
    "repo good --type calexp --where 'ccdnum < 20'": "put a tag on the data IDs of some calexps",
    "repo": "list the tags",
    "repo good --remove": "take it away from all",
}
WRITES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the tag, the datasets whose data IDs get it, and ``--remove``."""
    parser.add_argument(
        "tag", nargs="?", metavar="TAG", help="the tag: good; without it, all tags are listed"
    )
    parser.add_argument(
        "--type", metavar="TYPE", help="the type of the datasets whose data IDs get the tag: calexp"
    )
    parser.add_argument(
        "--where", metavar="CONDITION", help="which: 'visit in (1..100) and ccdnum < 20'"
    )
    usage.add_id(parser, "which: visit=410877..410879 ccdnum=1^28; may be repeated")
    parser.add_argument(
        "--remove", action="store_true",
        help="take the tag away from these; without --type, from all",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print how many data IDs changed, or the tags.

    Returns
    -------
    status : `int`
        1 if no data ID changed.
    """
    from persistence.butler import tags  # lazy: TAB does without
    from persistence.cli import asking
    from persistence.keep import tagging

    name, dry_run = arguments.tag, arguments.dry_run
    arguments.tag = None  # it is no condition here
    chosen = arguments.where or arguments.id
    if (chosen and not arguments.type) or (arguments.type and not name):
        raise WrongUse("tag: --where and --id choose datasets of a type: pass TAG and --type")
    root = butler.chain.inputs[0].root
    if arguments.type:
        where = asking.condition(butler, arguments.type, arguments)
        number = tagging.tag_from(
            butler, name, arguments.type, where, remove=arguments.remove, dry_run=dry_run
        )
    elif arguments.remove:
        if not name:
            raise WrongUse("tag: --remove needs TAG")
        number = tagging.untag(root, name, dry_run)
    else:
        roots = [repository.root for repository in butler.chain.read]
        rows = [row for row in tags.summary(roots) if name in (None, row["tag"])]
        output.write(rows, arguments.format)
        if not rows and arguments.format == "table":
            output.lines(["no tags" if name is None else f"no tag {name}"])
        return 0
    verb = "taken from" if arguments.remove else "put on"
    would = "would be " if dry_run else ""
    if arguments.format == "table":
        output.lines([f"{name} {would}{verb} {number} data IDs"])
    else:
        output.write([{"tag": name, "changed": number}], arguments.format)
    return 0 if number else 1
