"""What ``find`` and ``missing`` share: which rows are wanted, and how they are shown."""

from __future__ import annotations

import argparse
import datetime
import os
from collections.abc import Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import keys, messages, output, usage

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.dataids.expression import Expression

_MINUS = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add the options that select rows, columns and their order, and ``--short``."""
    parser.add_argument(
        "--where", metavar="CONDITION",
        help="the condition: 'visit in (1..100) and filter == \"r\"'",
    )  # fmt: skip
    usage.add_id(parser, "the data IDs: visit=410877..410879 ccdnum=1^28; may be repeated")
    parser.add_argument(
        "--tag", action="append", default=[], metavar="TAG,TAG",
        help="those with any of these tags (persistence tag); may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--columns", metavar="COLUMN,COLUMN",
        help="the columns: keys, columns of the registry, size (bytes), written (UTC), path, "
        "repository; default: the keys of the data ID",
    )  # fmt: skip
    parser.add_argument(
        "--order", default="", metavar="COLUMN,COLUMN",
        help="sort rows by these; by 'size-' with the largest first",
    )  # fmt: skip
    parser.add_argument("--limit", type=_count, metavar="N", help="the largest number of rows")
    parser.add_argument(
        "--short", action="store_true", help="the shortest --id options that match exactly these"
    )
    usage.add_as_indexed(parser)


def _count(text: str) -> int:
    """Read a number of rows."""
    number = int(text)
    if number < 0:
        raise ValueError(text)
    return number


_count.__name__ = "number of rows"  # argparse shows it


def condition(butler: Butler, name: str, arguments: argparse.Namespace) -> Expression:
    """Return the combined condition of ``--where``, ``--id`` and ``--tag``.

    Raises
    ------
    ExpressionError, DataIdError
        If one of them cannot be parsed.
    """
    from persistence.dataids import expression  # lazy: TAB does without

    typed = (word.partition("=")[0] for words in arguments.id for word in words)
    known, aliases = keys.known(butler, name, typed)
    chosen = expression.of_words(arguments.id, known, aliases)
    named = usage.words(getattr(arguments, "tag", None) or ())
    if named:
        chosen &= _tagged(butler, name, named)
    return expression.parse(arguments.where or "") & chosen


def _tagged(butler: Butler, name: str, named: Sequence[str]) -> Expression:
    from persistence.butler import tags

    if not hasattr(butler, "chain"):
        raise usage.WrongUse("--tag: ask one repository of the federation, which keeps its tags")
    return tags.condition(butler.chain.read, named, name, list(butler.getKeys(name) or ()))


def tell_unlisted(butler: Any, types: Iterable[str]) -> int:
    """Print the directories that cannot be listed and may contain datasets of some types.

    Returns
    -------
    status : `int`
        1 if there are any, so that the output may be incomplete; else 0.
    """
    unlisted = dict(
        fault
        for name in types
        for member in _members(butler, name)
        for each in member.chain.family(name).values() or [name]
        for fault in _unlisted(member, each)
    )
    for path, problem in unlisted.items():
        messages.problem(f"{path} cannot be listed: {problem}")
    return 1 if unlisted else 0


def _members(butler: Any, name: str) -> list[Butler]:
    """Return a Butler, or those of a federation that know a dataset type."""
    if hasattr(butler, "chain"):
        return [butler]
    return [butler[member] for member in butler if name in butler[member].getDatasetTypes()]


def _unlisted(butler: Butler, name: str) -> Iterator[tuple[str, str]]:
    """Yield the directories that cannot be listed on the ways to the files of a type, and why."""
    from persistence.butler.index import trees
    from persistence.dataids.inversion import Inverter
    from persistence.dataids.template import PathTemplate

    request = butler.request(name)._replace(view=None)
    for repository in butler.chain.asked(request, {}):
        dataset = repository.mapper.dataset(request)
        if dataset.template is None:
            continue
        tree = trees.of(repository, dataset)
        ways = Inverter([PathTemplate(dataset.template.file_text)], [("",)])
        for directory, problem in tree.problems().items():
            resolved, path = ways.directory(directory), os.path.join(tree.root, directory)
            # by now, somebody may have opened it
            if (resolved.values or resolved.leads_on) and not os.access(path, os.R_OK | os.X_OK):
                yield path.rstrip("/"), problem


def words(text: str | None) -> list[str] | None:
    """Return the names in a list, parted by commas or blanks."""
    return None if text is None else text.replace(",", " ").split()


def order(text: str) -> list[str]:
    """Return the sort order, as `Butler.query` accepts it.

    Arguments of a shell should not begin with a minus sign.
    """
    return [
        f"{_MINUS}{word.removesuffix(_MINUS)}" if word.endswith(_MINUS) else word
        for word in words(text) or ()
    ]


def write(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> int:
    """Print rows as they come, and return how many there were."""
    count = 0

    def counted() -> Iterator[Sequence[Any]]:
        nonlocal count
        for row in rows:
            count += 1
            yield list(map(_shown, row))

    output.stream(counted(), form, columns)
    return count


def write_lines(texts: Iterable[str]) -> int:
    """Print lines as they come, and return how many there were."""
    count = 0

    def counted() -> Iterator[str]:
        nonlocal count
        for text in texts:
            count += 1
            yield text

    output.lines(counted())
    return count


def write_short(columns: Sequence[str], rows: Iterable[Sequence[Any]], form: str) -> int:
    """Print the ``--id`` options that match some data IDs, and return the number of these."""
    from persistence.dataids import shorthand  # lazy: only needed to write them

    data_ids = [
        {key: value for key, value in zip(columns, row, strict=True) if value is not None}
        for row in rows
    ]
    options = shorthand.typed(data_ids)
    if form == "table":
        output.lines(options)
    else:
        output.write([{"options": option} for option in options], form)
    return len(data_ids)


def _shown(value: Any) -> Any:
    """Return a time in UTC as text."""
    if isinstance(value, datetime.datetime):
        return value.strftime("%Y-%m-%dT%H:%M:%SZ")
    return value
