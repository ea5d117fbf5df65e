"""``persistence get``: print a summary of a dataset, or write it into a file with -o."""

from __future__ import annotations

import argparse
import os
from typing import TYPE_CHECKING, Any

from persistence.cli import output, usage
from persistence.cli.at import angle
from persistence.cli.usage import WrongUse
from persistence.dataids.dataid import DataId, text
from persistence.dataids.location import Location

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.request import Request

_SHOWN = 3
EXAMPLES = {
    "repo calexp --id visit=410877 ccdnum=28": "a summary of a calexp",
    "repo src --id visit=410877 ccdnum=28 -o src.csv": "write a catalog into a table",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id``, the pixels to cut out, and the output file."""
    usage.add_dataset(parser)
    parser.add_argument(
        "--bbox",
        nargs=4,
        type=int,
        metavar=("X0", "Y0", "WIDTH", "HEIGHT"),
        help="the pixels to read, for calexp_sub",
    )
    parser.add_argument(
        "--at", nargs=2, type=angle, metavar=("RA", "DEC"),
        help="read only the pixels of an image around this position (deg, ICRS); without a "
        "detector or a patch in --id, of that which has it",
    )  # fmt: skip
    parser.add_argument(
        "--size", type=_size, default="101", metavar="SIZE",
        help="for --at, the side of the square: 101 (pixels), 30s (arcsec), 1m (arcmin), 0.01d "
        "(deg); default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "--mode", choices=("trim", "partial", "strict"), default="trim",
        help="for --at at the edge of the image: pixels that there are, the whole square (others "
        "are NaN and NO_DATA), or an error; default: %(default)s",
    )  # fmt: skip
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="write the dataset there, in the format that the name ends in: .fits, .png, "
        ".parquet, .ecsv, .csv, .yaml or .json; if its own file ends alike, a copy of that",
    )
    parser.add_argument("--force", action="store_true", help="replace FILE if it exists")


def _size(text: str) -> Any:
    """Return a size: pixels, or an angle with its unit."""
    if text.isdigit():
        return int(text)
    if text[-1:] not in ("d", "m", "s"):
        raise ValueError(text)
    from astropy.units import Quantity  # lazy: only needed for --at

    return Quantity(angle(text), "deg")


_size.__name__ = "size"  # argparse shows it


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print a summary, or write a file and print its name."""
    data_id = _only(usage.data_ids(butler, arguments.type, arguments.id))
    if arguments.at is not None:
        return _cut(butler, arguments, data_id)
    if arguments.output is None:
        from persistence.cli import summary  # lazy: only needed for summaries

        output.write(summary.rows(_read(butler, arguments, data_id)), arguments.format)
        return 0
    from persistence.cli import save  # lazy: only needed for -o

    save.check(
        arguments.output, arguments.force, [repository.root for repository in butler.chain.read]
    )
    location = _file(butler, *usage.selected(butler, arguments.type, data_id))
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


def _only(data_ids: list[DataId]) -> DataId:
    if len(data_ids) > 1:
        shown = "; ".join(text(data_id) for data_id in data_ids[:_SHOWN])
        raise WrongUse(f"get takes one data ID; --id matches {len(data_ids)}: {shown}, ...")
    return data_ids[0]


def _read(butler: Butler, arguments: argparse.Namespace, data_id: DataId) -> object:
    name, bbox = arguments.type, arguments.bbox
    is_sub = usage.selected(butler, name, data_id)[0].view == "sub"
    if is_sub and bbox is None:
        raise WrongUse(f"{name} needs --bbox X0 Y0 WIDTH HEIGHT")
    if bbox is not None and not is_sub:
        raise WrongUse(f"--bbox needs a dataset type named ..._sub, such as calexp_sub, not {name}")
    return butler.get(name, data_id, bbox=tuple(bbox)) if is_sub else butler.get(name, data_id)


def _file(butler: Butler, request: Request, data_id: DataId) -> Location | None:
    """Return the file of a dataset; None if it is part of a file, a composite, or not in a file."""
    from persistence.butler import refusal  # lazy: only needed for error messages

    if request.view is not None or butler.chain.bypassing(request, data_id):
        return None
    if any(
        repository.mapper.dataset(request).composite
        for repository in butler.chain.asked(request, data_id)
    ):
        return None
    location = butler.chain.locate(request, data_id)
    if location is None:
        raise refusal.refuse(butler.chain, "get", request, data_id)
    return location if location.hdu is None and os.path.isfile(location.full_path) else None


def _described(butler: Butler, name: str, data_id: DataId) -> Location:
    """Return the location that is written: the policy's type determines the layout of an image."""
    request, data_id = usage.selected(butler, name, data_id)
    repositories = butler.chain.asked(request, data_id)
    python = repositories[0].mapper.dataset(request).python if repositories else None
    return Location("", "", None, "", python, name, data_id)


def _cut(butler: Butler, arguments: argparse.Namespace, data_id: DataId) -> int:
    """Print a summary of a cutout, or write it into a file and print its name."""
    from persistence.cli import save, summary

    if arguments.bbox is not None:
        raise WrongUse("expected --at or --bbox, not both")
    name, target = arguments.type, arguments.output
    roots = [repository.root for repository in butler.chain.inputs]
    if target is not None:
        save.check(target, arguments.force, roots)
    place = tuple(arguments.at)
    cutout = butler.sky.cutout(name, place, arguments.size, arguments.mode, data_id)
    if target is None:
        output.write(summary.rows(cutout), arguments.format)
        return 0
    save.write(cutout, target, _described(butler, name, DataId(cutout.dataId)))
    output.write([{"dataset": name, "file": target}], arguments.format)
    return 0
