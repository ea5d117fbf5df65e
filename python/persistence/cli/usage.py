"""What the subcommands of ``persistence`` share: their form, and how ``--id`` becomes data IDs."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any, Protocol

from persistence.butler.subset import ButlerDataRef, ButlerSubset
from persistence.cli import keys, messages
from persistence.dataids import grammar
from persistence.dataids.dataid import DataId
from persistence.errors import PersistenceError, UnknownKey

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.request import Request


# Number of missing datasets that are checked for dangling links.
LOOKED_AT = 1000
_DANGLING = 3  # number of dangling links that are listed


class WrongUse(PersistenceError):
    """Invalid command-line argument."""


# The exit status if a part of what was asked for cannot be done, and is listed.
INCOMPLETE = 3
# The first argument of a subcommand's function: a `Butler` on the repository, its path as typed,
# or, for a subcommand without a repository, None.
OPEN, PATH, NONE = "open", "path", "none"


class Command(Protocol):
    """A subcommand: a module with these two functions.

    It may also have four constants: ``REPOSITORY``, which is `OPEN` (the default), `PATH` or
    `NONE`; ``WRITES``, true if it has ``--dry-run`` (``arguments.dry_run``); ``FEDERATES``, true if
    it accepts a `Federation`, too; and ``EXAMPLES``, which ``--help`` shows at its end: a mapping
    from the words that follow the subcommand to what they do.

    It is imported whenever somebody types the subcommand and TAB: slow imports must wait until it
    is run.
    """

    __doc__: str | None

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add its arguments, but for the repository and the options that all have."""

    def run(self, repository: Any, arguments: argparse.Namespace, /) -> int:
        """Run the subcommand and return the exit status, or raise an error."""


def add_dataset(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that select datasets: the type, and ``--id``."""
    parser.add_argument(
        "type",
        metavar="TYPE",
        help="a dataset type (calexp), a view (calexp_md) or a component (calexp.wcs)",
    )
    add_id(
        parser,
        "the data IDs: visit=410877..410879 ccdnum=1^28; missing keys come from the registry; may "
        "be repeated",
    )


def add_id(parser: argparse._ActionsContainer, purpose: str) -> None:
    """Add ``--id``."""
    parser.add_argument(
        "--id", nargs="*", action="append", default=[], metavar="KEY=VALUE", help=purpose
    )


def words(options: Sequence[str]) -> list[str]:
    """Return the words of a repeated option, each of them a list with commas."""
    return [word for option in options for word in option.split(",") if word]


def add_as_indexed(parser: argparse.ArgumentParser) -> None:
    """Add ``--as-indexed``, for commands that use the index."""
    parser.add_argument(
        "--as-indexed",
        action="store_true",
        help="use the index as it is, without looking at directories",
    )


def data_ids(butler: Butler, name: str, options: Sequence[Sequence[str]]) -> list[DataId]:
    """Return the data IDs of the ``--id`` options; without options, an empty one.

    Parameters
    ----------
    butler : `Butler`
        Defines the keys.
    name : `str`
        The dataset type, or a view of one.
    options : sequence of sequence of `str`
        The words of each ``--id``.

    Returns
    -------
    data_ids : `list` of `DataId`
        The data IDs.

    Raises
    ------
    UnknownDatasetType
        If there is no such dataset type.
    DataIdError
        If a word is not ``key=value``, a key unknown, or a value of the wrong type.
    """
    from persistence.butler import patches  # lazy: TAB needs no data IDs

    known, aliases = keys.known(
        butler, name, (word.partition("=")[0] for words in options for word in words)
    )
    return [
        patches.named(butler, name, DataId(data_id))
        for words in options
        for data_id in grammar.parse(words, known, aliases)
    ] or [DataId()]


def references(
    butler: Butler, name: str, options: Sequence[Sequence[str]]
) -> Iterator[ButlerDataRef]:
    """Yield each dataset that the ``--id`` options match, once.

    At the end, print which data IDs match none.
    """
    wanted = data_ids(butler, name, options)
    if len(wanted) == 1:  # rows of a registry are distinct
        yield from _subset(butler, name, wanted[0])
        return
    names = tuple(butler.getKeys(name, "") or ())
    seen: set[tuple[Any, ...]] = set()
    empty = []
    for data_id in wanted:
        subset = _subset(butler, name, data_id)
        if not len(subset):
            empty.append(data_id)
        for reference in subset:
            identity = tuple(reference.dataId.get(key) for key in names)
            if identity not in seen:
                seen.add(identity)
                yield reference
    if seen:
        tell_empty(empty)


def selected(butler: Butler, name: str, data_id: DataId) -> tuple[Request, DataId]:
    """Return what a name means with a data ID, and the data ID without its version and flavour.

    Of a family of dataset types without a flavour, the first type.
    """
    from persistence.butler import selecting  # lazy: TAB does without

    family = butler.chain.family(name)
    if family and "flavour" not in data_id:
        return butler.request(next(iter(family.values()))), data_id
    name, data_id = selecting.selected(butler.chain, name, data_id)
    return butler.request(name, data_id), data_id


def tell_empty(data_ids: Sequence[DataId]) -> None:
    """Print which of several data IDs match nothing; gaps in a range are not an error."""
    if data_ids:
        from persistence.dataids import shorthand  # lazy: only needed for printing

        messages.note(f"nothing is known of {' '.join(shorthand.typed(data_ids))}")


def tell_dangling(butler: Butler, request: Request, data_ids: Sequence[DataId]) -> None:
    """Print the dangling links where datasets should be; of many, the first."""
    from persistence.butler import refusal  # lazy: only needed for error messages

    every = (refusal.dangling(butler.chain, request, data_id) for data_id in data_ids[:LOOKED_AT])
    faults = list(dict.fromkeys(fault for faults in every for fault in faults))
    lines = faults[:_DANGLING]
    if len(faults) > len(lines):
        lines.append(f"... and {len(faults) - len(lines)} more such links")
    for line in lines:
        messages.note(line)


def _subset(butler: Butler, name: str, data_id: DataId) -> ButlerSubset:
    try:
        return butler.subset(name, dataId=data_id)
    except UnknownKey as error:
        raise WrongUse(f"{error}: pass it with --id") from error
