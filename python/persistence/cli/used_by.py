"""``persistence used-by``: list the datasets that were computed from a dataset, directly or not."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from persistence.cli import descent, usage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
EXAMPLES = {
    "repo raw --id visit=410877 ccdnum=28": "everything that was made of one raw",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the dataset type, ``--id`` and ``--dot``."""
    usage.add_dataset(parser)
    descent.add_dot(parser)


def run(butler: Butler, arguments: argparse.Namespace) -> int:
    """Print each dataset with its outputs below it, and theirs below them."""
    return descent.write(butler, arguments, butler.used_by)
