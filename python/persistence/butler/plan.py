"""Compiled look-ups: everything that repeated look-ups of a dataset type share, decided once.

A plan is compiled for a request and a chain. For each set of keys that data IDs come with, it holds
what they have in common: the types of the values, the keys that the registry supplies, the text of
the path, and the names to try in each repository, in order.

A plan only answers where it gives the same answer as `Chain.locate`. Special cases (a hook, an
alias, a tag, an unknown key, a value of another type, a reference, a missing file) are left to the
general look-up, which raises the errors.
"""

from __future__ import annotations

import operator
import os
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler import lookup
from persistence.butler.repository import Repository
from persistence.dataids.dataid import DataId
from persistence.dataids.location import Location
from persistence.dataids.request import Request
from persistence.dataids.template import PathTemplate, is_suspect
from persistence.errors import PersistenceError, RegistryError
from persistence.files import mirrors
from persistence.formatters import HDU_KEYS
from persistence.policy import storages, suppliers
from persistence.policy.dataset_type import DatasetType

# Keys that select another dataset type, unless a dataset type has them; see `selecting`.
SELECTING = frozenset({"version", "flavour"})
# A global is found faster than an attribute of a module.
_access, _THERE = os.access, os.F_OK


class Leg(NamedTuple):
    """Neighbours in a chain with the same layout, but different roots; see `maps_like`."""

    leader: Repository
    members: tuple[Repository, ...]


class Supply(NamedTuple):
    """The columns that a registry supplies, with their types, and the conditions of the query."""

    columns: tuple[str, ...]
    kinds: list[type]
    where: tuple[str, ...]
    chosen_by: Callable[[Mapping[str, Any]], tuple[Any, ...]]
    ask: Callable[[Sequence[Any]], list[tuple[Any, ...]]]


class Route(NamedTuple):
    """The look-up of data IDs with certain keys in one leg."""

    kinds: list[type]
    supply: Supply | None
    text: str
    template: PathTemplate
    names: tuple[tuple[str, str, Repository], ...]
    leg: Leg
    dataset: DatasetType


_There = tuple[Route, Mapping[str, Any], str, str, Repository]


class Plan:
    """The look-ups of a dataset type, or of a view of it, in a chain.

    Parameters
    ----------
    request : `Request`
        The dataset type and view.
    legs : sequence of `Leg`
        The groups of repositories, in search order.
    """

    def __init__(self, request: Request, legs: Sequence[Leg]) -> None:
        self.request = request
        self._legs = legs
        self._is_plain = bool(legs) and all(_is_plain(request, leg) for leg in legs)
        self._routes: dict[tuple[str, ...], tuple[Route, ...]] = {}

    def locate(self, data_id: Mapping[str, Any], is_opened: bool = False) -> Location | None:
        """Return the location of a dataset; None if the general look-up is needed.

        Parameters
        ----------
        data_id : mapping
            The data ID.
        is_opened : `bool`
            Whether the caller opens the file next, and uses the general look-up if that fails:
            existence is then not checked where there is only one possible name.
        """
        hit = self._find(data_id, is_opened)
        if hit is None:
            return None
        route, values, path, root, repository = hit
        dataset, hdu = route.dataset, route.template.hdu(values)
        return Location(
            root[:-1], path, hdu, dataset.storage or "", dataset.python, dataset.name,
            DataId.of_plain(values), repository.reader_options,
        )  # fmt: skip

    def holds(self, data_id: Mapping[str, Any]) -> bool:
        """Return whether a dataset exists; if False, the general look-up decides."""
        return self._find(data_id) is not None

    def _find(self, data_id: Mapping[str, Any], is_opened: bool = False) -> _There | None:
        if getattr(data_id, "tag", None):  # tags select some of the repositories
            return None
        keys = tuple(data_id)
        try:
            routes = self._routes[keys]
        except KeyError:
            routes = self._compile(keys)
        kinds = [*map(type, data_id.values())]
        is_opened = is_opened and len(routes) == 1 == len(routes[0].names)
        for route in routes:
            if route.kinds != kinds:
                return None
            values = data_id
            if route.supply is not None:
                values = self._supplied(route.supply, data_id)
                if not values:
                    return None
            path = route.text % values
            if is_suspect(path):
                return None
            for root, ending, repository in route.names:
                if is_opened or _access(f"{root}{path}{ending}", _THERE):
                    hit = route, values, path + ending, root, repository
                    return None if self._is_registered_before(repository) else hit
        return None

    def _is_registered_before(self, repository: Repository) -> bool:
        """Return whether an earlier repository may have it registered outside, now or later."""
        return repository is not self._legs[0].leader and any(
            member.direct.is_there for leg in self._legs for member in leg.members
        )

    def _supplied(self, supply: Supply, data_id: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a data ID completed from the registry; empty if the answer is not unique."""
        columns, kinds, _, chosen_by, ask = supply
        try:
            rows = ask(chosen_by(data_id))
        except RegistryError:  # the registry has changed since this was compiled
            self._routes.clear()
            return {}
        if len(rows) != 1 or kinds != [*map(type, rows[0])]:
            return {}
        return {**data_id, **dict(zip(columns, rows[0]))}  # noqa: B905  # as many: asked for these

    def _compile(self, keys: tuple[str, ...]) -> tuple[Route, ...]:
        """Return the routes of data IDs with certain keys; none for special cases."""
        routes = [_route(self.request, leg, keys) for leg in self._legs] if self._is_plain else []
        compiled = tuple(route for route in routes if route is not None)
        if len(compiled) == len(routes) and compiled:
            self._routes[keys] = compiled
        elif all(_is_settled(self.request, leg) for leg in self._legs):
            self._routes[keys] = ()
        return self._routes.get(keys, ())


def _is_plain(request: Request, leg: Leg) -> bool:
    """Return whether a plan can look up complete data IDs of a dataset type."""
    mapper = leg.leader.mapper
    dataset = mapper.dataset(request)
    return (
        all(is_one_file(member, request) for member in leg.members)
        and not any(mirrors.of(member.root) for member in leg.members)
        and dataset.template is not None
        and dataset.template.is_lossless
        and dataset.template.file_text[-1:] not in ("", "/")
        and request.view != "filename"
        and mapper.hook("bypass", request.name) is None
        and not mapper.checks_ids
        and not any(member.direct.is_there for member in leg.members)
        and not may_refer(leg, dataset)
    )


def is_one_file(repository: Repository, request: Request) -> bool:
    """Return whether a dataset is one file of a repository, named by its template alone."""
    mapper, dataset = repository.mapper, repository.mapper.dataset(request)
    return (
        dataset.template is not None
        and not dataset.composite
        and storages.find(dataset.storage or "", dataset.python) is not None
        and mapper.hook("map", request.datasetType) is None
        and not mapper.maps_paths
        and not repository.redirects
    )


def _is_settled(request: Request, leg: Leg) -> bool:
    """Return whether all registries exist: one that appears later may have what is missing."""
    dataset = leg.leader.mapper.dataset(request)
    return not leg.leader.registry.lists_files and not _may_move(leg, dataset)


def _may_move(leg: Leg, dataset: DatasetType) -> bool:
    """Return whether calibrations will be elsewhere once their registry exists."""
    return dataset.section == "calibrations" and any(
        member.calibrations_of(dataset).registry is None for member in leg.members
    )


def may_refer(leg: Leg, dataset: DatasetType) -> bool:
    """Return whether a file may be a reference to another one: it is a writable component."""
    return any(
        part.datasetType == dataset.name and not part.inputOnly
        for composite in leg.leader.mapper.types.values()
        for part in composite.composite.values()
    )


def _route(request: Request, leg: Leg, keys: tuple[str, ...]) -> Route | None:
    """Return the route of data IDs with certain keys in a leg; None to use the general look-up."""
    leader, policy = leg.leader, leg.leader.mapper.policy
    dataset = leader.mapper.dataset(request)
    template = dataset.template
    assert template is not None
    kinds = [dataset.keys.get(key) or policy.keys.get(key) for key in keys]
    if SELECTING.intersection(keys) - dataset.keys.keys():  # they select another dataset type
        return None
    hdu_key = HDU_KEYS.get(dataset.storage or "")
    if (
        None in kinds
        or _may_move(leg, dataset)
        or not policy.aliases.keys().isdisjoint(keys)
        or (hdu_key in keys and hdu_key not in policy.keys)
    ):
        return None
    try:
        supply = supply_of(leader, dataset, keys)
    except PersistenceError:  # the general look-up raises it again, with the data ID
        return None
    known = {*keys, *(supply.columns if supply is not None else ())}
    if (supply is None and not dataset.keys.keys() <= known) or not template.keys.keys() <= known:
        return None
    names = tuple(
        (f"{member.root_of(dataset)}/", ending, member)
        for member in leg.members
        for ending in storages.endings(dataset.storage or "")
        if not ending or not template.file_text.endswith(ending)
    )
    return Route([*filter(None, kinds)], supply, template.file_text, template, names, leg, dataset)


def supply_of(leader: Repository, dataset: DatasetType, keys: tuple[str, ...]) -> Supply | None:
    """Return the query by which the registry supplies all missing keys; None if it cannot."""
    missing = [key for key in dataset.keys if key not in keys]
    data_id = dict.fromkeys(keys)
    in_registry = suppliers.in_registry(dataset, leader.mapper.policy, missing)
    if not missing or not in_registry or leader.registry.lists_files:
        return None
    absent = lookup.absent(leader, dataset, missing, data_id)
    wanted = tuple(key for key in missing if key not in absent)
    where = tuple(lookup.conditions(leader, dataset, wanted, data_id))
    if not wanted or not where:
        return None
    kinds = [dataset.keys[key] for key in wanted]
    return Supply(
        wanted,
        kinds,
        where,
        _chooser(where),
        leader.registry.prepared(wanted, where, dataset.tables),
    )


def _chooser(keys: tuple[str, ...]) -> Callable[[Mapping[str, Any]], tuple[Any, ...]]:
    """Return a function that extracts the values of some keys from a data ID."""
    if len(keys) > 1:
        return operator.itemgetter(*keys)
    (key,) = keys
    return lambda data_id: (data_id[key],)


# The plan that never answers.
NO_PLAN = Plan(Request(""), ())
