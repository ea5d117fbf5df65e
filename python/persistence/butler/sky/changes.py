"""Which datasets of a type have to be compared with their regions: those in listed directories."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from persistence.butler.sky import layers as its_layers
from persistence.dataids import expression
from persistence.dataids.expression import EVERYTHING, Expression
from persistence.dataids.inversion import Inverter
from persistence.files import mirrors

if TYPE_CHECKING:
    from persistence.butler.asking.question import Question
    from persistence.butler.sky.layers import Layers
    from persistence.sky.store import Store

# Root and path of a directory -> when it was listed.
Listings = Mapping[tuple[str, str], int]


class State(NamedTuple):
    """The state of a type's directories and registries.

    Attributes
    ----------
    trees : `str`
        Changes with any of the directories; empty if it is unknown.
    rest : `str`
        Changes with the keys of exposures, and with the registries.
    """

    trees: str
    rest: str


class Scope(NamedTuple):
    """The datasets to compare.

    Attributes
    ----------
    where : `Expression`
        A condition on their keys.
    directories : `frozenset` of `tuple`, or None
        Root and path of the directories that contain, or contained, them; None for all.
    """

    where: Expression
    directories: frozenset[tuple[str, str]] | None


ALL = Scope(EVERYTHING, None)


def state(question: Question, layers: Layers, fresh: bool) -> State:
    """Return the state of a type, after comparing directories with the index if ``fresh``."""
    if question.sources is None:
        return State("", "")
    rest = [repr((layers.identity, [source.tree.root for source in question.sources]))]
    for path in its_layers.registries(question):
        try:
            status = mirrors.stat(path)
        except OSError:
            return State("", "")
        rest.append(f"{path} {status.st_mtime_ns} {status.st_size}")
    trees = []
    for source in question.sources:
        source.tree.refresh(source.template, fresh=fresh)
        trees.append(f"{source.tree.root} {source.tree.state(source.template)}")
    return State("\n".join(trees), "\n".join(rest))


def listings(question: Question) -> dict[tuple[str, str], int]:
    """Return when each directory with files of a type was listed."""
    return {
        (source.tree.root, path): listed
        for source in question.sources or ()
        for path, listed in source.tree.listings(source.template).items()
    }


def scope(question: Question, store: Store, its_state: State, now: Listings) -> Scope:
    """Return the datasets of a type to compare, by its directories' listings now and before."""
    before = store.listings(question.request.datasetType)
    if not its_state.rest or store.rest(question.request.datasetType) != its_state.rest:
        return ALL
    changed = {
        place
        for place in before.keys() | now.keys()
        if before.get(place) is None or before.get(place) != now.get(place)
    }
    rows: dict[tuple[str, ...], set[tuple[Any, ...]]] = {}
    for source in question.sources or ():
        inverter = Inverter([source.template], [("",)])
        keys = tuple(source.template.keys)
        for root, path in changed:
            if root == source.tree.root:
                for _, values in inverter.directory(path).values:
                    rows.setdefault(keys[: len(values)], set()).add(values)
    if len(rows) != 1 or () in rows:  # nothing in common to select them by
        return ALL
    ((names, places),) = rows.items()
    return Scope(expression.of_rows(names, places), frozenset(changed))
