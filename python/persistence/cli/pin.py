"""``persistence pin``: keep in a repository where some of its dataset types are looked up."""

from __future__ import annotations

import argparse
import os

from persistence.cli import cameras, messages, output, places
from persistence.cli.usage import PATH, WrongUse, words

EXAMPLES = {
    "repo/rerun/b src=repo/rerun/a": "look sources up in rerun a, and nowhere else",
    "repo/rerun/b": "list the pins",
    "repo/rerun/b --remove src": "remove one",
}
REPOSITORY = PATH
WRITES = True


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the pins, and ``--remove``."""
    parser.add_argument(
        "pins", nargs="*", metavar="TYPE=PATH",
        help="a dataset type, or a pattern ('deepCoadd*'), and the repository in which it is "
        "looked up, or several in order: src=../a,.  Without any, the pins are listed",
    )  # fmt: skip
    parser.add_argument(
        "--remove", action="append", default=[], metavar="TYPE,TYPE",
        help="remove the pins of these types; may be repeated",
    )  # fmt: skip


def run(root: str, arguments: argparse.Namespace) -> int:
    """Print the pins of the repository, after the change.

    Returns
    -------
    status : `int`
        1 if a pinned repository is gone.
    """
    from persistence.keep import pinning  # lazy: TAB does without

    places.refuse_absent(root)
    root = os.path.realpath(root)
    pins = dict(map(_pin, arguments.pins))
    known = pinning.pin(
        root, pins, words(arguments.remove), **cameras.given(arguments), dry_run=arguments.dry_run
    )
    rows = [
        {
            "type": name,
            "repositories": [os.path.normpath(os.path.join(root, path)) for path in paths],
        }
        for name, paths in known.items()
    ]
    shown = [{**row, "repositories": ", ".join(row["repositories"])} for row in rows]
    output.write(rows, arguments.format, shown)
    if not rows and arguments.format == "table":
        output.lines(["no pins"])
    gone = [path for row in rows for path in row["repositories"] if not os.path.isdir(path)]
    for path in gone:
        messages.problem(f"{path} is gone")
    return 1 if gone else 0


def _pin(word: str) -> tuple[str, list[str]]:
    name, _, paths = word.partition("=")
    if not name or not all(paths.split(",")):
        raise WrongUse(f"{word}: write TYPE=PATH, as in src=../a, or TYPE=PATH,PATH")
    return name, paths.split(",")
