"""Try a camera's file on real files, in a temporary repository."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from persistence.butler.butler import Butler
from persistence.butler.repository import Repository
from persistence.cameras.mapper import Mapper
from persistence.errors import PersistenceError, PolicyError
from persistence.files import fits_headers, header_values
from persistence.files.fits_headers import Cards
from persistence.ingest import config
from persistence.ingest.config import IngestConfig
from persistence.ingest.plan import FilePlan
from persistence.ingest.rules import Rule
from persistence.ingest.task import IngestTask

if TYPE_CHECKING:
    from persistence.types.exposure.exposure import Exposure

_RAW = "raw"
_DATES = ("date_begin", "date_middle")  # alternatives, one of which suffices


@dataclass(frozen=True)
class Tried:
    """The result for one file.

    Attributes
    ----------
    file : `str`
        The file.
    problem : `str`
        Why it cannot be ingested, or read; empty if it can.
    path : `str`
        Its path in the repository.
    rows : `tuple` of mapping
        Its rows in the registry.
    exposure : `Exposure` or None
        The result of ``butler.get("raw")`` for its first row.
    vain : mapping [`str`, `tuple` [`str`]]
        Properties that none of the cards listed with them contains.
    unread : mapping [`str`, `str`]
        Attributes of the visit that are unknown although there is a card: keyword and value.
    """

    file: str
    problem: str = ""
    path: str = ""
    rows: tuple[Mapping[str, Any], ...] = ()
    exposure: Exposure | None = None
    vain: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    unread: Mapping[str, str] = field(default_factory=dict)


def files(mapper: type[Mapper], patterns: Sequence[str]) -> Iterator[Tried]:
    """Ingest and read files with a camera, one by one.

    Parameters
    ----------
    mapper : `type`
        The camera's mapper.
    patterns : sequence of `str`
        The files, or patterns of them.

    Yields
    ------
    tried : `Tried`
        The result for each file, in the order of their names.

    Raises
    ------
    PolicyError
        If the camera's file does not define the ingest, or the paths of raws.
    """
    if mapper.ingestFile is None:
        raise PolicyError(
            f"the camera {mapper.__name__} has no section ingest: it is for reading only, and "
            "there is nothing to try (doc/cameras.rst)"
        )
    known = config.load(mapper.ingestFile)
    with tempfile.TemporaryDirectory(prefix="camera-") as root:
        repository = Repository(root, mapper(root=root))
        butler = Butler(root, mapper=mapper)
        task = IngestTask(repository, known, dry_run=True, show=lambda line: None)
        report = task.run(patterns)
        for plan in report.planned:
            yield _tried(plan, root, butler, known, repository.mapper)
        for path, problem in report.failed:
            vain = _in_vain(path, known, repository.mapper) if os.path.isfile(path) else {}
            yield Tried(path, problem, vain=vain)


def _tried(plan: FilePlan, root: str, butler: Butler, known: IngestConfig, mapper: Mapper) -> Tried:
    target = plan.deliveries[0].target
    os.makedirs(os.path.dirname(target), exist_ok=True)
    os.symlink(os.path.realpath(plan.source), target)
    exposure, problem = None, ""
    try:
        keys = mapper.types[_RAW].keys
        row = plan.rows[0]
        exposure = butler.get(_RAW, {key: row[key] for key in keys if key in row})
    except PersistenceError as error:
        problem = f"it can be ingested, and not read: {error}".replace(root + os.sep, "")
    return Tried(
        plan.source,
        problem,
        os.path.relpath(target, root),
        plan.rows,
        exposure,
        _in_vain(plan.source, known, mapper),
        {} if exposure is None else _unread(exposure),
    )


def _unread(exposure: Exposure) -> dict[str, str]:
    """Return the attributes of a visit that are unknown although the header has a card."""
    info, header = exposure.visit_info, exposure.metadata
    return {
        name: f"{keyword}={header[keyword]!r}"
        for name, keywords in exposure.translator.keywords.items()
        if hasattr(info, name) and getattr(info, name) is None
        for keyword in keywords
        if header_values.known(header.get(keyword)) not in (None, "")
        and not (name in _DATES and any(getattr(info, other) for other in _DATES))
    }


def _in_vain(path: str, known: IngestConfig, mapper: Mapper) -> dict[str, tuple[str, ...]]:
    """Return the properties that none of the expected cards of a file's headers contains."""
    try:
        headers = list(fits_headers.scan(path))
    except (PersistenceError, OSError):  # the ingest has reported it
        return {}
    return {
        wanted: keywords
        for wanted, keywords in looked_for(known, mapper).items()
        if not any(_has(header, keyword) for keyword in keywords for header in headers)
    }


def _has(header: Cards, keyword: str) -> bool:
    return header.get(keyword) is not None


def looked_for(known: IngestConfig, mapper: Mapper) -> dict[str, tuple[str, ...]]:
    """Return the properties read from headers, with the cards that may contain them.

    Properties computed by functions are omitted: the cards that they use are unknown.
    """
    wanted: dict[str, tuple[str, ...]] = {
        name: (keyword,) for name, keyword in known.parse.translation.items()
    }
    wanted |= {
        name: rule.keywords
        for name, rule in known.parse.translators.items()
        if isinstance(rule, Rule) and rule.keywords
    }
    wanted |= {
        f"headers.{name}"
        if name in ("filter", "detector", "zeroPoint")
        else f"headers.visit.{name}": keywords
        for name, keywords in mapper.translator.keywords.items()
    }
    return wanted
