"""Error messages and warnings of a chain of repositories: missing datasets and unknown keys."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from persistence.butler import locate, lookup
from persistence.butler.chain import Chain
from persistence.dataids.request import Request
from persistence.errors import (
    AmbiguousDataId,
    IncompleteDataId,
    Message,
    MultipleResults,
    NoResults,
    UnknownKeyWarning,
    warn_caller,
)
from persistence.files import links, mirrors
from persistence.policy import storages
from persistence.registry import direct


def refuse(chain: Chain, verb: str, request: Request, data_id: Mapping[str, Any]) -> NoResults:
    """Return the error for a missing dataset: paths searched, what is missing, what is near."""
    from persistence.butler import nearest  # lazy: only needed for error messages

    tried: dict[str, list[str]] = {}
    problems: list[NoResults] = []
    for repository in chain.asked(request, data_id):
        try:
            location = locate.expected(repository, request, data_id)
            tried.setdefault(location.path, []).append(
                os.path.relpath(mirrors.shown(location.root))
            )
        except NoResults as error:
            problems.append(error)
    reasons: list[str | Message] = [
        f"looked for  {path}  in  {', '.join(roots)}" for path, roots in tried.items()
    ]
    reasons += dangling(chain, request, data_id)
    reasons += dict.fromkeys(reason for error in problems for reason in error.reasons)
    if not any(isinstance(error, AmbiguousDataId) for error in problems):
        for repository in chain.asked(request, data_id):
            reasons += nearest.reasons(repository, request, data_id)
    unread = [
        output
        for output in (() if chain.is_single else chain.outputs)
        if output not in chain.inputs and output.knows(request)
    ]
    reasons += [
        f"not searched  {os.path.relpath(output.root)}, which is only written (mode rw: read, too)"
        for output in unread
    ]
    reasons += [f"nothing else is searched  {pin}" for pin in chain.pinned(request)]
    reasons += strange(chain, request, data_id)
    kinds = {type(error) for error in problems}
    kind = kinds.pop() if len(kinds) == 1 and not tried else NoResults
    cls = (
        kind
        if issubclass(kind, (IncompleteDataId, AmbiguousDataId, MultipleResults))
        else NoResults
    )
    # Repositories that share a registry share their reasons.
    return cls(f"No locations for {verb}:", request.name, data_id, list(dict.fromkeys(reasons)))


def dangling(chain: Chain, request: Request, data_id: Mapping[str, Any]) -> list[str]:
    """Return descriptions of dangling links where a dataset should be.

    For messages: ``repo/raw/x.fits is a link to /gone/x.fits, which is not there``. Missing files
    that are registered outside the repository are described in the same way.
    """
    faults: dict[str, None] = {}
    for repository in chain.asked(request, data_id):
        try:
            location = locate.expected(repository, request, data_id)
        except NoResults:
            continue
        path = os.path.relpath(location.full_path)
        for ending in storages.endings(location.storage):
            faults[links.fault(path + ending)] = None
        outside = repository.direct.locate(location)
        if outside is not None:
            faults[direct.fault(path, outside.full_path)] = None
    return [fault for fault in faults if fault]


def warn_strange(chain: Chain, request: Request, data_id: Mapping[str, Any]) -> None:
    """Warn of keys that no repository knows, once, at the caller's line."""
    for message in strange(chain, request, data_id):
        warn_caller(message, UnknownKeyWarning)


def strange(chain: Chain, request: Request, data_id: Mapping[str, Any]) -> list[str]:
    """Return a message for each key of a data ID that no repository knows."""
    repositories = chain.asked(request, data_id) or chain.writers(request)
    unknown: dict[str, str] = {}
    for number, repository in enumerate(repositories):
        here = lookup.strange(repository, request.datasetType, data_id)
        unknown = {key: here[key] for key in here if not number or key in unknown}
        if not unknown:
            break
    return list(unknown.values())
