"""``persistence why``: list the inputs of datasets, with configuration, time and user."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import descent, usage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
EXAMPLES = {
    "repo/rerun/night calexp --id visit=410877 ccdnum=28": (
        "what a calexp was made of, and by which configuration"
    ),
    "repo/rerun/night src --id visit=410877 ccdnum=28 --dot": (
        "the same for a catalog, as a graph for Graphviz"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id`` and ``--dot``."""
    usage.add_dataset(parser)
    descent.add_dot(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print each dataset with its inputs below it, and theirs below them."""
    return descent.write(butler, arguments, butler.why)
