"""``persistence define``: define a dataset type in a repository."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import output, types
from persistence.cli.usage import OPEN, WrongUse
from persistence.errors import DataIdError, PolicyError

if TYPE_CHECKING:
    from persistence.butler.butler import Butler

REPOSITORY, WRITES = OPEN, True
EXAMPLES = {
    "repo background --template 'background/%(visit)07d-%(ccdnum)02d.yaml' "
    "--storage YamlStorage --python dict": "a type for a file of results for each detector",
    "repo 'blue(src)' --template 'blue/%(visit)07d-%(ccdnum)02d.fits'": (
        "a type that is like src, at another path"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the name, and the entries of a policy."""
    parser.description = (
        "Define a dataset type in a repository, as a camera's policy would. Every program that "
        "opens the repository then knows the type. The same definition again does nothing; another "
        "one of the same name is an error."
    )
    # not `type`, which is completed with existing dataset types
    parser.add_argument(
        "name",
        metavar="TYPE",
        help="the name of the type; blue(src) defines blue with what src has",
    )
    parser.add_argument(
        "--template",
        help="the template of its paths, such as 'gaia/%%(visit)07d/%%(ccdnum)02d.fits'",
    )
    parser.add_argument(
        "--storage", help="its storage format: FitsCatalogStorage, YamlStorage, ..."
    )
    parser.add_argument("--python", help="its Python type, such as astropy.table.Table")
    parser.add_argument(
        "--section", default="datasets",
        help="datasets (default), exposures, images or calibrations: determines its views",
    )  # fmt: skip
    parser.add_argument(
        "--tables", nargs="+", metavar="TABLE",
        help="the registry's tables in which keys that a data ID leaves out are looked up",
    )  # fmt: skip


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Define it, and print its definition."""
    from persistence.butler.chain import Chain  # slow: not for --help
    from persistence.butler.define import Definer

    keys = {
        key: getattr(arguments, key)
        for key in ("template", "storage", "python", "tables")
        if getattr(arguments, key) is not None
    }
    bare = arguments.name.partition("(")[0]
    if not keys and bare == arguments.name:
        raise WrongUse("--template and --storage are required")
    is_known = bare in butler.chain.inputs[0].mapper.types
    try:
        if arguments.dry_run:  # where nothing is written to, nothing is recorded
            Definer(Chain(butler.chain.inputs, [])).define(arguments.name, arguments.section, keys)
        else:
            butler.defineDataset(arguments.name, section=arguments.section, **keys)
    except (PolicyError, DataIdError) as error:
        raise WrongUse(str(error)) from error
    described = types.described(butler.chain.inputs[0], bare)
    if arguments.format != "table":
        status = "same" if is_known else "new"
        output.write([{"status": status, **described}], arguments.format)
        return 0
    verb = (
        "is defined already" if is_known else f"{'would be' if arguments.dry_run else 'is'} defined"
    )
    parts = [described["template"], described["storage"], described["python"]]
    output.lines([f"{bare} {verb}: {', '.join(str(part) for part in parts if part is not None)}"])
    return 0
