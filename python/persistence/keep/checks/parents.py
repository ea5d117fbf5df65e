"""Configurations: parents and calibrations that are gone, loops, and absolute paths."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.errors import PersistenceError
from persistence.files import marks, yaml_nodes
from persistence.files.yaml_nodes import Node
from persistence.keep.finding import Finding
from persistence.keep.fixes import Rewrite
from persistence.keep.patient import Patient

_RELATIVE = "write relative paths"
_RELINK = "if it was moved: --relink OLD=NEW"


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    for tree in patient.survey.repositories():
        path = os.path.join(tree, marks.CONFIGURATION)
        if not os.path.exists(path):
            path = os.path.join(tree, "_parent")
        try:
            cfg = repository_cfg.read(tree)
        except PersistenceError as error:
            # A link `_parent` to nothing is a link to nothing.
            if not os.path.islink(path):
                yield Finding("configuration-unreadable", path, str(error))
            continue
        if cfg is not None:
            loop = _loop(cfg)
            if loop:
                yield Finding(
                    "parent-loop", path, f"has a loop of parents: {' -> '.join(loop)}", None,
                    "take the repository out of its own list of parents",
                )  # fmt: skip
            elif not cfg.old:
                yield from _of_configuration(patient, path, cfg)


def _of_configuration(patient: Patient, path: str, cfg: RepositoryCfg) -> Iterator[Finding]:
    """Yield what is wrong with paths; one fix mends all of them."""
    parents, gone = _parents(patient, cfg)
    places, lost = dict[str, str](), list[tuple[str, str | None]]()
    for name in repository_cfg.PATHS:
        old = repository_cfg.placed(cfg.mapperArgs, cfg.root).get(name)
        if isinstance(old, str) and not os.path.exists(old):
            found = patient.moved.find(old, cfg.root, by_name=True)
            if found is not None:
                places[name] = found
            lost.append((f"{name} {old}", found))
    fix = _fix(path, cfg, parents, places)
    for kind, noun, every in (
        ("parent-gone", "the parent ", gone),
        ("calibrations-gone", "", lost),
    ):
        for name, place in every:
            now = "" if place is None else f"; it is {place} now"
            yield Finding(
                kind, path, f"names {noun}{name}, which is not there{now}",
                None if place is None else fix, "" if place else _RELINK,
            )  # fmt: skip
    if not gone and not lost:
        inside = [text for text in _absolute(path) if patient.is_inside(text)]
        if inside:
            yield Finding("absolute-path", path, f"has absolute paths: {', '.join(inside)}", fix)


def _parents(
    patient: Patient, cfg: RepositoryCfg
) -> tuple[list[Any], list[tuple[str, str | None]]]:
    """Return the parents at their present places, and those that are gone, with these places."""
    parents, gone = list[Any](), list[tuple[str, str | None]]()
    for parent in cfg.parents:
        root = repository_cfg.shown(parent)
        if not os.path.isdir(root):
            place = _moved_to(patient, root, cfg)
            gone.append((root, place))
            if place is not None and isinstance(parent, RepositoryCfg):
                parents.append(parent._replace(cfg_root=place, root=place))
                continue
            parent = parent if place is None else place
        parents.append(parent)
    return parents, gone


def _fix(path: str, cfg: RepositoryCfg, parents: list[Any], places: dict[str, str]) -> Rewrite:
    cfg = cfg._replace(parents=tuple(parents), mapperArgs={**cfg.mapperArgs, **places})
    return Rewrite(path, repository_cfg.text(cfg), _RELATIVE)


def _moved_to(patient: Patient, root: str, cfg: RepositoryCfg) -> str | None:
    """Return where a parent is now: by its name, or the repository whose rerun the child is."""

    def is_parent(candidate: str) -> bool:
        is_other = os.path.realpath(candidate) != os.path.realpath(cfg.root)
        return is_other and marks.is_repository(candidate)

    found = patient.moved.find(root, cfg.root, is_parent, by_name=True)
    if found is not None:
        return found
    before, rerun, _ = os.path.realpath(cfg.root).rpartition("/rerun/")
    return before if rerun and marks.is_repository(before) else None


def _absolute(path: str) -> list[str]:
    """Return the absolute paths in a configuration."""
    node = yaml_nodes.compose(path)
    return [] if node is None else [text for text in _scalars(node) if text.startswith("/")]


def _scalars(node: Node) -> Iterator[str]:
    if isinstance(node.value, str):
        yield node.value
        return
    for child in node.value:
        for part in child if isinstance(child, tuple) else (child,):
            yield from _scalars(part)


def _loop(cfg: RepositoryCfg) -> list[str]:
    """Return a way by which a repository is its own ancestor; empty if it is not."""
    top = os.path.realpath(cfg.root)
    left, seen = [(cfg, [top])], {top}
    while left:
        one, way = left.pop()
        for parent in one.parents:
            root = os.path.realpath(repository_cfg.shown(parent))
            if root == top:
                return [*way, root]
            if root in seen:
                continue
            seen.add(root)
            try:
                above = parent if isinstance(parent, RepositoryCfg) else repository_cfg.read(root)
            except PersistenceError:  # it is examined by itself
                continue
            if above is not None:
                left.append((above, [*way, root]))
    return []
