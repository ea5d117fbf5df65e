"""What the commands that make sky maps have in common: options, settings, what they print."""

from __future__ import annotations

import argparse
import ast
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

from persistence.butler.butler import Butler
from persistence.cli import cameras, messages, output, places, settings, stdout
from persistence.errors import PersistenceError, PolicyError, UsageError, did_you_mean, for_commands
from persistence.skymap import SkyMap, Tract

FAILED, WRONG_USE = 1, 2
# What fits on a screen.
_SHOWN = 12


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add the options that both commands have."""
    parser.add_argument("root", metavar="REPO", help="the repository")
    places = parser.add_mutually_exclusive_group()
    places.add_argument(
        "--output", metavar="DIR", help="where to write; by default the repository itself"
    )
    places.add_argument(
        "--rerun", metavar="[IN:]OUT", help="write to REPO/rerun/OUT, and read REPO/rerun/IN"
    )
    parser.add_argument("--calib", metavar="DIR", help="the calibration root")
    cameras.add_options(parser)
    settings.add_options(
        parser,
        "settings: coaddName=deep, doWrite=False, and those of the sky map",
        "files of such settings: config.coaddName = 'deep'",
    )
    parser.add_argument(
        "--force", action="store_true", help="write into a repository that belongs to another user"
    )
    messages.add_options(parser, messages.DEFAULTS)
    parser.add_argument(
        "--all", action="store_true", help=f"tell all tracts, not the first {_SHOWN} alone"
    )


def told(words: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
    """Give the settings of files, then those of the command line, by name.

    Files are parsed, not run.
    """
    found: dict[str, Any] = {}
    for path in paths:
        found |= settings.stored(path)
    return found | {name: _value(text) for name, text in settings.typed(words)}


def _value(text: str) -> Any:
    """Take what is typed for a literal, and else for text: rings need no quotes."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def taken(found: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in what is not set.

    Raises
    ------
    PolicyError
        If a setting is unknown, or of another type than its default.
    """
    for name, value in found.items():
        if name not in defaults:
            raise PolicyError(
                f"the configuration has no field {name!r}{did_you_mean(name, defaults)}"
            )
        number = type(defaults[name]) is float and type(value) is int
        if type(value) is not type(defaults[name]) and not number:
            raise PolicyError(f"{name}={value!r}: this is no {type(defaults[name]).__name__}")
    return {**defaults, **found}


def opened(arguments: argparse.Namespace) -> Butler:
    """Open the repository, and that which is written to."""
    given = cameras.given(arguments)
    where = places.resolved(
        arguments.root, arguments.calib, arguments.output, arguments.rerun, **given
    )
    places.refuse_absent(where.input)
    trust, more = given.pop("trust"), given
    if where.calib is not None:
        more["mapperArgs"] = {"calibRoot": where.calib}
    output = {"root": where.output or where.input, "mode": "rw", **more}
    inputs = None if where.output is None else {"root": where.input, **more}
    return Butler(inputs=inputs, outputs=output, trust=trust, force=arguments.force)


def finish(butler: Butler, skymap: SkyMap, config: Mapping[str, Any], every: bool) -> None:
    """Store a sky map, if that is wished for, and tell of it."""
    name = f"{config['coaddName']}Coadd_skyMap"
    output.lines(described(skymap, every))
    if config["doWrite"]:
        butler.put(skymap, name)
        output.lines([f"{name} is in {butler.getUri(name)}"])


def described(skymap: SkyMap, every: bool) -> Iterator[str]:
    """Tell how many tracts there are; and of each, or of the first, its corners and its patches."""
    count = len(skymap)
    yield f"The {skymap.kind} sky map has {count} tract{'' if count == 1 else 's'}"
    shown = count if every or count <= _SHOWN else _SHOWN
    yield from (_line(skymap[number]) for number in range(shown))
    if shown < count:
        yield f"... and {count - shown} more (--all tells them)"


def _line(tract: Tract) -> str:
    corners = tract.corners(tract.bbox)
    shown = ", ".join(
        f"({ra:.3f}, {dec:.3f})" for ra, dec in zip(corners.ra.deg, corners.dec.deg, strict=True)
    )
    columns, rows = tract.num_patches
    return (
        f"tract {tract.tract_id} has corners {shown} (RA, Dec deg) and {columns} x {rows} patches"
    )


def start(
    prog: str,
    arguments: argparse.Namespace,
    prepare: Callable[[], Any],
    act: Callable[[Any], None],
) -> int:
    """Run a command.

    Returns
    -------
    status : `int`
        2 if what was typed cannot be meant, 1 if it could not be done.
    """
    status = WRONG_USE
    try:
        with for_commands(), messages.of_script(arguments, prog):
            try:
                prepared = prepare()
                status = FAILED
                act(prepared)
                sys.stdout.flush()
            except BrokenPipeError:  # the reader, perhaps `head`, has seen enough
                stdout.let_go()
            except PersistenceError as error:
                messages.problem(str(error))
                return status
    except UsageError as error:  # a log file that cannot be written
        print(f"{prog}: {error}", file=sys.stderr)
        return WRONG_USE
    return 0
