"""``persistence why`` and ``used-by``: query provenance, and print it."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from persistence.cli import messages, output, usage
from persistence.errors import NoResults

if TYPE_CHECKING:
    from persistence.butler.butler import Butler
    from persistence.butler.provenance.origin import Origin


def add_dot(parser: argparse.ArgumentParser) -> None:
    """Add ``--dot``."""
    parser.add_argument(
        "--dot", action="store_true", help="print a graph for Graphviz: ... --dot | dot -Tsvg"
    )


def write(
    butler: Butler, arguments: argparse.Namespace, ask: Callable[[str, Mapping[str, Any]], Origin]
) -> int:
    """Print the trees of all datasets that are there.

    Raises
    ------
    NoResults
        If none is there.
    """
    origins = _origins(butler, arguments, ask)
    if arguments.dot:
        output.lines(origin.to_dot() for origin in origins)
    else:
        _write(origins, arguments.format)
    return 0


def _origins(
    butler: Butler, arguments: argparse.Namespace, ask: Callable[[str, Mapping[str, Any]], Origin]
) -> list[Origin]:
    references = usage.references(butler, arguments.type, arguments.id)
    data_ids = [reference.dataId for reference in references]
    if not data_ids:
        data_ids = usage.data_ids(butler, arguments.type, arguments.id)[:1]
    origins: list[Origin] = []
    missing: NoResults | None = None
    for data_id in data_ids:
        try:
            origins.append(ask(arguments.type, data_id))
        except NoResults as error:
            missing = missing or error
    if missing is not None and not origins:
        raise missing
    if missing is not None:
        messages.note(f"{len(origins)} of {len(data_ids)} {arguments.type} are there")
    return origins


def _write(origins: Sequence[Origin], form: str) -> None:
    if form == "table":
        output.lines("\n\n".join(map(str, origins)).splitlines())
    elif form in output.NESTED:
        output.write(list(_datasets(origins)), form)
    else:
        output.write([row for origin in origins for row in _rows(origin)], form)


def _datasets(origins: Sequence[Origin]) -> Iterable[dict[str, Any]]:
    """Return each dataset once, with its links to others, and its run."""
    asked = {origin.file for origin in origins}
    rows = {}
    for origin in origins:
        document = origin.to_dict()
        for file, dataset in document["datasets"].items():
            run = document["runs"].get(dataset["run"])
            rows[file] = {"file": file, "asked": file in asked, **dataset, "run": run}
    return rows.values()


def _rows(origin: Origin) -> Iterator[dict[str, Any]]:
    """Yield a row for each link of a tree."""
    for node in origin.all():
        pairs = [(link, node) for link in node.inputs] + [(node, link) for link in node.outputs]
        for made_of, write in pairs:
            yield {
                "datasetType": write.datasetType,
                "file": write.file,
                "inputType": made_of.datasetType,
                "input": made_of.file,
                "because": made_of.because,
                "changed": made_of.changed,
            }
