"""The options, settings and output shared by commands that create sky maps."""

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
        "--all", action="store_true", help=f"print all tracts, not only the first {_SHOWN}"
    )


def told(words: Sequence[str], paths: Sequence[str]) -> dict[str, Any]:
    """Return the settings of files, then those of the command line, by name.

    Files are parsed, not executed.
    """
    merged: dict[str, Any] = {}
    for path in paths:
        merged |= settings.stored(path)
    return merged | {name: _value(text) for name, text in settings.typed(words)}


def _value(text: str) -> Any:
    """Return a typed value: a literal, or otherwise text, so that rings need no quotes."""
    try:
        return ast.literal_eval(text)
    except (ValueError, SyntaxError):
        return text


def taken(settings: Mapping[str, Any], defaults: Mapping[str, Any]) -> dict[str, Any]:
    """Return settings with the defaults of the missing ones.

    Raises
    ------
    PolicyError
        If a setting is unknown, or of another type than its default.
    """
    for name, value in settings.items():
        if name not in defaults:
            raise PolicyError(
                f"the configuration has no field {name!r}{did_you_mean(name, defaults)}"
            )
        number = type(defaults[name]) is float and type(value) is int
        if type(value) is not type(defaults[name]) and not number:
            raise PolicyError(f"{name}={value!r}: expected {type(defaults[name]).__name__}")
    return {**defaults, **settings}


def opened(arguments: argparse.Namespace) -> Butler:
    """Open the repository, and that which is written to."""
    keywords = cameras.given(arguments)
    where = places.resolved(
        arguments.root, arguments.calib, arguments.output, arguments.rerun, **keywords
    )
    places.refuse_absent(where.input)
    trust, more = keywords.pop("trust"), keywords
    if where.calib is not None:
        more["mapperArgs"] = {"calibRoot": where.calib}
    output = {"root": where.output or where.input, "mode": "rw", **more}
    inputs = None if where.output is None else {"root": where.input, **more}
    return Butler(inputs=inputs, outputs=output, trust=trust, force=arguments.force)


def finish(butler: Butler, skymap: SkyMap, config: Mapping[str, Any], every: bool) -> None:
    """Store a sky map, if requested, and print its description."""
    name = f"{config['coaddName']}Coadd_skyMap"
    output.lines(described(skymap, every))
    if config["doWrite"]:
        butler.put(skymap, name)
        output.lines([f"{name} is in {butler.getUri(name)}"])


def described(skymap: SkyMap, every: bool) -> Iterator[str]:
    """Yield the number of tracts, and the corners and patches of all, or of the first ones."""
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
        2 if the command line is invalid, 1 after other errors.
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
