"""``persistence get``: what a dataset holds, in short; or itself, into a file with -o."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING

from persistence.cli import output, usage
from persistence.cli.usage import WrongUse
from persistence.dataids.dataid import DataId, text
from persistence.dataids.location import Location

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.request import Request

_SHOWN = 3


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id``, what to cut out, and where to write."""
    usage.add_dataset(parser)
    parser.add_argument(
        "--bbox",
        nargs=4,
        type=int,
        metavar=("X0", "Y0", "WIDTH", "HEIGHT"),
        help="for calexp_sub: which pixels",
    )
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the dataset there, in the format that the name ends in: .fits, .png, "
        ".parquet, .ecsv, .csv, .yaml or .json; if its own file ends alike, a copy of that",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it is there")


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print a summary, or write a file and say so."""
    data_id = _only(usage.data_ids(butler, arguments.type, arguments.id))
    if arguments.output is None:
        from persistence.cli import summary  # only who prints one needs it

        output.write(summary.rows(_read(butler, arguments, data_id)), arguments.format)
        return 0
    from persistence.cli import save  # only who writes needs it

    save.check(
        arguments.output, arguments.force, [repository.root for repository in butler.chain.inputs]
    )
    location = _file(butler, butler.request(arguments.type), data_id)
    if location is not None and save.ending(arguments.output) == save.ending(location.path):
        save.copy(location.full_path, arguments.output)
    else:
        save.write(
            _read(butler, arguments, data_id),
            arguments.output,
            _described(butler, arguments.type, data_id),
        )
    output.write([{"dataset": arguments.type, "file": arguments.output}], arguments.format)
    return 0


def _only(found: list[DataId]) -> DataId:
    if len(found) > 1:
        shown = "; ".join(text(data_id) for data_id in found[:_SHOWN])
        raise WrongUse(f"get takes one data ID; --id stands for {len(found)}: {shown}, ...")
    return found[0]


def _read(butler: Butler, arguments: argparse.Namespace, data_id: DataId) -> object:
    name, bbox = arguments.type, arguments.bbox
    is_sub = butler.request(name).view == "sub"
    if is_sub and bbox is None:
        raise WrongUse(f"{name} needs --bbox X0 Y0 WIDTH HEIGHT")
    if bbox is not None and not is_sub:
        raise WrongUse(
            "--bbox cuts pixels out of what is called ..._sub, such as calexp_sub, not out of "
            f"{name}"
        )
    return butler.get(name, data_id, bbox=tuple(bbox)) if is_sub else butler.get(name, data_id)


def _file(butler: Butler, request: Request, data_id: DataId) -> Location | None:
    """Find the file of a dataset; None if it is a part of one, or made of several, or of none."""
    from persistence.butler import refusal  # only who finds nothing needs it

    if request.view is not None or butler.chain.bypassing(request, data_id):
        return None
    if any(one.mapper.dataset(request).composite for one in butler.chain.asked(request, data_id)):
        return None
    location = butler.chain.locate(request, data_id)
    if location is None:
        raise refusal.refuse(butler.chain, "get", request, data_id)
    return location if location.hdu is None and os.path.isfile(location.full_path) else None


def _described(butler: Butler, name: str, data_id: DataId) -> Location:
    """Say what is written: the policy's type decides how an image is laid out in its file."""
    request = butler.request(name)
    asked = butler.chain.asked(request, data_id)
    python = asked[0].mapper.dataset(request).python if asked else None
    return Location("", "", None, "", python, name, data_id)
