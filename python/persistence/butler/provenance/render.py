"""A tree of provenance as text, as plain data, and as a graph."""

from __future__ import annotations

import collections
import os
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, Protocol, Self

from persistence.butler.provenance.lines import Made, Run
from persistence.dataids.dataid import text as id_text
from persistence.files import ownership

_SHOWN = 5  # shards, and packages, per line
_FEW = 5  # settings of one table that are listed one per line
# The versions shown first.
_PACKAGES = ("persistence", "python", "numpy", "astropy")


class Node(Protocol):
    """The attributes of `persistence.butler.provenance.origin.Origin` that are shown."""

    @property
    def datasetType(self) -> str: ...
    @property
    def dataId(self) -> Mapping[str, Any]: ...
    @property
    def root(self) -> str: ...
    @property
    def path(self) -> str: ...
    @property
    def file(self) -> str: ...
    @property
    def made(self) -> Made | None: ...
    @property
    def run(self) -> Run | None: ...
    @property
    def inputs(self) -> Sequence[Self]: ...
    @property
    def outputs(self) -> Sequence[Self]: ...
    @property
    def links(self) -> Sequence[Self]: ...
    @property
    def because(self) -> str: ...
    @property
    def changed(self) -> str: ...
    @property
    def notes(self) -> Sequence[str]: ...
    def all(self) -> Iterator[Self]: ...


def moment(time: float) -> str:
    """Return a time in seconds since 1970 as text: UTC, to the second."""
    try:
        return datetime.fromtimestamp(time, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
    except (OverflowError, ValueError, OSError):  # outside the range of the calendar
        return f"{time} s after 1970"


def name(origin: Node) -> str:
    """Return the name of a dataset: its type and data ID, or else its file."""
    shown = {key: value for key, value in origin.dataId.items() if key != "hdu"}
    return " ".join(filter(None, (origin.datasetType, id_text(shown)))) or origin.path


def author(made: Made) -> str:
    """Return the user and host that wrote a line."""
    user = "somebody" if made.uid is None else ownership.user(made.uid).partition(" (")[0]
    return f"{user} on {made.host}" if made.host else user


def text(origin: Node) -> Iterator[str]:
    """Yield the lines of a tree: each dataset below the one that it is an input, or output, of."""
    yield name(origin)
    yield from (f"  {line}" for line in (*_about(origin), *_of_run(origin.run)))
    runs = set() if origin.run is None else {origin.run.id}
    yield from _below(origin, "", {origin.file}, origin.root, runs)


def _below(origin: Node, indent: str, seen: set[str], root: str, runs: set[str]) -> Iterator[str]:
    arrow = "<- " if origin.inputs else "-> "
    for group in _grouped(origin.links):
        first = group[0]
        if len(group) > 1:
            yield f"{indent}{arrow}{_of_many(group)}"
            changed = [node for node in group if node.changed]
            yield from (f"{indent}     {name(node)}: {node.changed}" for node in changed)
            continue
        where = os.path.relpath(first.file, root)
        again = first.file in seen and first.links
        yield f"{indent}{arrow}{name(first)}  {where}{'  (see above)' if again else ''}"
        if again:
            continue
        seen.add(first.file)
        run = None if first.run is None or first.run.id in runs else first.run
        yield from (f"{indent}     {line}" for line in (*_about(first), *_of_run(run)))
        runs |= set() if run is None else {run.id}  # each run is described once
        yield from _below(first, f"{indent}   ", seen, root, runs)


def _grouped(links: Sequence[Node]) -> list[list[Node]]:
    """Group the shards of a reference catalog; other datasets are alone in their groups."""
    groups: dict[Any, list[Node]] = {}
    for number, node in enumerate(links):
        is_shard = node.datasetType == "ref_cat" and not node.links
        groups.setdefault(node.dataId.get("name") if is_shard else number, []).append(node)
    return list(groups.values())


def _of_many(group: Sequence[Node]) -> str:
    numbers = [str(node.dataId.get("pixel_id", node.path)) for node in group]
    shown = ", ".join(numbers[:_SHOWN])
    more = f" and {len(numbers) - _SHOWN} more" if len(numbers) > _SHOWN else ""
    return f"ref_cat name={group[0].dataId.get('name')}  {len(group)} files: {shown}{more}"


def _about(origin: Node) -> Iterator[str]:
    """Yield lines about a dataset itself."""
    if origin.because:
        yield f"because {origin.because}"
    if origin.changed:
        yield f"CHANGED since: {origin.changed}"
    made, run = origin.made, origin.run
    if made is not None:
        verb = {"ingest": "ingested", "remove": "removed"}.get(made.operation, "written")
        task = f" with {run.task}" if run is not None and run.task else ""
        took = "" if made.duration is None else f", after {made.duration:.3g} s"
        yield f"{verb} {moment(made.time)} by {author(made)}{task}{took}"
    yield from origin.notes


def _of_run(run: Run | None) -> Iterator[str]:
    """Yield lines about a run."""
    if run is None:
        return
    if run.command:
        yield f"command  {run.command}"
    path, sha256 = run.config.get("f"), str(run.config.get("sha256", ""))
    changed = run.config.get("x")
    if path or changed:
        yield f"configuration  {path or 'not stored'}{f' (sha256 {sha256[:12]})' if sha256 else ''}"
    if isinstance(changed, dict):
        yield from _of_settings(changed)
        if not changed:
            yield "  all of it is as by default"
    if run.versions:
        known = [
            f"{package} {run.versions[package]}" for package in _PACKAGES if package in run.versions
        ]
        more = len(run.versions) - len(known)
        yield f"versions  {', '.join(known)} and {more} more (sha256 {run.versions_sha256[:12]})"


def _of_settings(changed: dict[str, Any]) -> Iterator[str]:
    """Yield a line for each setting, but one for all settings of a large table."""
    tables = collections.Counter(setting.partition("[")[0] for setting in changed)
    shown = set()
    for setting, both in changed.items():
        table, bracket, _ = setting.partition("[")
        if not bracket or tables[table] <= _FEW:
            mine, usual = both if isinstance(both, list) and len(both) == 2 else (both, "not known")
            yield f"  {setting} = {mine!r}, by default {usual!r}"
        elif table not in shown:
            shown.add(table)
            yield f"  {table}[...]: {tables[table]} settings that are not as by default"


def plain(origin: Node) -> dict[str, Any]:
    """Return a tree as plain data: every dataset once, by its file."""
    datasets, runs = {}, {}
    for node in origin.all():
        if node.run is not None:
            runs[node.run.id] = node.run._asdict()
        links = {
            kind: [{"file": link.file, "changed": link.changed or None} for link in several]
            for kind, several in (("inputs", node.inputs), ("outputs", node.outputs))
            if several
        }
        made = node.made
        datasets[node.file] = {
            "datasetType": node.datasetType,
            "dataId": dict(node.dataId),
            "root": node.root,
            "path": node.path,
            "operation": made and made.operation,
            "time": made and made.time,
            "host": made and made.host,
            "uid": made and made.uid,
            "duration": made and made.duration,
            "run": (made and made.run) or None,
            "because": node.because or None,
            "notes": list(node.notes),
            **links,
        }
    return {"dataset": origin.file, "datasets": datasets, "runs": runs}


def dot(origin: Node) -> Iterator[str]:
    """Yield the lines of a graph in DOT."""
    every = list(origin.all())
    numbers = {node.file: number for number, node in enumerate(every)}
    yield "digraph provenance {"
    yield "  rankdir=LR; node [shape=box];"
    for node in every:
        task = "" if node.run is None or not node.run.task else f"\n{node.run.task}"
        yield f"  n{numbers[node.file]} [label={_quoted(name(node) + task)}];"
    for node in every:
        for link in node.inputs:
            style = " [style=dashed, label=changed]" if link.changed else ""
            yield f"  n{numbers[link.file]} -> n{numbers[node.file]}{style};"
        for link in node.outputs:
            yield f"  n{numbers[node.file]} -> n{numbers[link.file]};"
    yield "}"


def _quoted(label: str) -> str:
    escaped = label.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
