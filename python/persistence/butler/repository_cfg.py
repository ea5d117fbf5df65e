"""The configuration files of a repository: ``repositoryCfg.yaml``, or ``_mapper`` and ``_parent``.

The format is Gen2's (doc/gen2/gen2-core.md, 2.2), so that Gen2 can read what is written here. The
tags name Python classes; they are treated as text, and nothing that they name is imported.
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from persistence.cameras.installed import announced, dotted
from persistence.errors import ParentsMismatch, PolicyError, RepositoryError, did_you_mean
from persistence.files import atomic, durable, marks, mirrors, yaml_nodes
from persistence.files.yaml_nodes import Node

FILE = marks.CONFIGURATION
_TAG = "!RepositoryCfg_v1"
_PYTHON = "tag:yaml.org,2002:python/"
# A mapper with this suffix is a camera's file, relative to the repository's real directory.
_CAMERA_FILE = ".yaml"
# Arguments of mappers that are paths; relative ones are relative to the repository's root.
PATHS = ("calibRoot", "registry")
_KEYS = ("_mapper", "_mapperArgs", "_parents", "_root")
# Seconds for which a configuration that others write at the same time is retried, and the pause
# between two attempts.
WAIT = 10.0
_PAUSE = 0.01


class RepositoryCfg(NamedTuple):
    """The configuration of a repository.

    Attributes
    ----------
    cfg_root, root : `str`
        The directory of the configuration, and that of the data: usually the same.
    mapper : `str` or None
        The dotted name of its mapper, as Gen2 called it.
    mapperArgs : mapping
        The mapper's arguments.
    parents : `tuple` of `str` or `RepositoryCfg`
        Absolute paths; repositories of the older kind (``_mapper``) with their configuration.
    policy : mapping or None
        Policy entries that take precedence over the camera's.
    old : `bool`
        Whether it is of the older kind, without a ``repositoryCfg.yaml``, which it never gets.
    """

    cfg_root: str
    root: str
    mapper: str | None = None
    mapperArgs: Mapping[str, Any] = {}
    parents: tuple[Any, ...] = ()
    policy: Mapping[str, Any] | None = None
    old: bool = False


def read(cfg_root: str) -> RepositoryCfg | None:
    """Read the configuration of a repository; None if the directory is not one, or does not exist.

    Raises
    ------
    RepositoryError
        If its files are invalid.
    """
    path = os.path.join(cfg_root, FILE)
    try:
        os.stat(path)
        return _read_file(path)
    except PermissionError as error:  # a directory that may not be read is not a missing one
        raise RepositoryError(f"{cfg_root} cannot be listed: {error.strerror}") from error
    except OSError:
        pass
    if any(os.path.lexists(os.path.join(cfg_root, mark)) for mark in marks.OLD):
        parent = old_parent(cfg_root)
        return RepositoryCfg(
            cfg_root,
            cfg_root,
            mapper_name(cfg_root),
            {},
            (parent,) if parent else (),
            None,
            old=True,
        )
    return None


def write(cfg: RepositoryCfg, wait: float = WAIT) -> RepositoryCfg:
    """Write a configuration unless the same exists, and return the one that exists afterwards.

    Two processes that write at the same time create one file: the second one adds its parents to
    those in the first one's file, if these come first.

    Parameters
    ----------
    cfg : `RepositoryCfg`
        The configuration.
    wait : `float`
        Seconds for which to retry while others write the file; it is tried at least once.

    Returns
    -------
    cfg : `RepositoryCfg`
        The configuration in the file.

    Raises
    ------
    ParentsMismatch
        If the present configuration lists other parents.
    RepositoryError
        If the present configuration is of another mapper, or the file cannot be written, or not
        in time.
    """
    path = os.path.join(cfg.cfg_root, FILE)
    deadline = time.monotonic() + wait
    try:
        durable.make_directories(os.path.dirname(cfg.cfg_root))
        # with the permissions of the directory, not those of a shared repository around it
        os.makedirs(cfg.cfg_root, exist_ok=True)
        while True:
            present = read(cfg.cfg_root)
            if present is not None and not present.old:
                cfg = _extended(present, cfg)
                if cfg == present:
                    return cfg
            if atomic.write_text(path, text(cfg), replace=present is not None):
                return cfg
            if time.monotonic() >= deadline:
                break
            time.sleep(_PAUSE)
    except OSError as error:
        raise RepositoryError(f"cannot write {path}: {error.strerror or error}") from error
    raise RepositoryError(
        f"cannot write {path}: tried for {wait:g} s, but each time another file existed that "
        "could not be read (others write it again and again, or it is a link to nothing)"
    )


def text(cfg: RepositoryCfg) -> str:
    """Return a configuration as Gen2 would write it.

    Paths of parents are relative, so that the tree can be moved.
    """
    return "".join(_lines(cfg, "", os.path.realpath(cfg.root), os.path.realpath(cfg.cfg_root)))


def extended(present: RepositoryCfg, parents: tuple[Any, ...]) -> RepositoryCfg:
    """Return a configuration with more parents.

    Raises
    ------
    ParentsMismatch
        If its present parents are not the first of them, in order.
    """
    known = tuple(same(parent) for parent in present.parents)
    wanted = tuple(same(parent) for parent in parents)
    if wanted[: len(known)] != known:
        raise ParentsMismatch(
            f"Inputs {list(map(shown, parents))} do not match parents of {present.cfg_root}, which "
            f"are {list(map(shown, present.parents))}: pass these first, in this order"
        )
    return present._replace(parents=(*present.parents, *parents[len(known) :]))


def same(parent: Any) -> tuple[str, str]:
    """Return what identifies a parent: its real path, and its mapper's arguments."""
    arguments = sorted(parent.mapperArgs.items()) if isinstance(parent, RepositoryCfg) else []
    return os.path.realpath(shown(parent)), repr(arguments)


def shown(parent: Any) -> str:
    """Return a parent as text, for messages."""
    return str(parent.root if isinstance(parent, RepositoryCfg) else parent)


def _extended(present: RepositoryCfg, cfg: RepositoryCfg) -> RepositoryCfg:
    for name in ("mapper", "root"):
        if getattr(present, name) != getattr(cfg, name):
            raise RepositoryError(
                f"{present.cfg_root} is set up with another {name}: {getattr(present, name)}, not "
                f"{getattr(cfg, name)}"
            )
    return extended(present, cfg.parents)


# -- repositories of the older kind
# ----------------------------------------------------------------------------------------


def mapper_name(root: str) -> str | None:
    """Return the mapper of a repository of the older kind, from its ``_mapper`` or its parents'.

    Raises
    ------
    RepositoryError
        If the name has no dot and is not an installed camera's, or the parents form a cycle.
    """
    for directory in _ancestry(root):
        path = os.path.join(directory, "_mapper")
        if os.path.exists(path):
            name = _first_line(path)
            if "." not in name and name not in announced():
                raise RepositoryError(
                    f"Unqualified mapper name {name!r} in {path}: it must be a dotted name, or "
                    f"that of an installed camera{did_you_mean(name, announced())}"
                )
            return _from(directory, name) if name.endswith(_CAMERA_FILE) else name
    return None


def old_parent(root: str) -> str | None:
    """Return the target of ``_parent``.

    It is a link, a directory, or (where links were lost) a file that contains the target.
    """
    path = os.path.join(root, "_parent")
    if os.path.isfile(path):
        target = os.path.normpath(os.path.join(os.path.realpath(root), _first_line(path)))
    elif os.path.lexists(path):
        target = os.path.realpath(path)
    else:
        return None
    if not os.path.isdir(target):
        raise RepositoryError(f"the parent of {root} is gone: {path} leads to {target}")
    return target


def _first_line(path: str) -> str:
    try:
        # an editor may have put a byte-order mark first
        with open(path, encoding="utf-8-sig") as stream:
            return stream.readline().strip()
    except (OSError, UnicodeDecodeError) as error:
        raise RepositoryError(f"{path} cannot be read: {error}") from error


def _ancestry(root: str) -> Iterator[str]:
    """Yield a repository and its ancestors by ``_parent``."""
    seen: list[str] = []
    directory: str | None = root
    while directory is not None:
        real = os.path.realpath(directory)
        if real in seen:
            raise RepositoryError(
                f"the parents of {root} form a cycle: {' -> '.join([*seen, real])}"
            )
        seen.append(real)
        yield directory
        directory = old_parent(directory)


# -- reading the file
# --------------------------------------------------------------------------------------


def _read_file(path: str) -> RepositoryCfg:
    node = yaml_nodes.compose(path)
    if node is None:
        raise RepositoryError(
            f"{path} is empty: it was not completely written, or is not a configuration"
        )
    return _cfg(node, path, os.path.dirname(os.path.abspath(path)))


def _cfg(node: Node, path: str, base: str) -> RepositoryCfg:
    if node.tag != _TAG:
        raise RepositoryError(
            f"{yaml_nodes.where(node)}: {node.tag!r} is not a known kind of configuration ({_TAG})"
        )
    top = yaml_nodes.items(node)
    missing = [key for key in _KEYS if key not in top]
    if missing:
        raise RepositoryError(
            f"{yaml_nodes.where(node)}: the configuration lacks {', '.join(missing)}"
        )
    cfg_root = os.path.dirname(os.path.abspath(path))
    root = _from(base, _path(top["_root"], "_root")) if _plain(top["_root"]) else cfg_root
    return RepositoryCfg(
        cfg_root,
        root,
        _mapper(top["_mapper"], cfg_root),
        placed(_checked(top["_mapperArgs"], dict, "_mapperArgs", "a mapping") or {}, root),
        tuple(_parent(parent, path, root) for parent in _sequence(top["_parents"])),
        _checked(top["_policy"], dict, "_policy", "a mapping") if "_policy" in top else None,
    )


def placed(mapper_args: Mapping[str, Any], root: str) -> dict[str, Any]:
    """Return the arguments of a mapper with absolute paths; relative ones start at the root.

    ``calibRegistry``, however, is relative to the calibrations, and moves with them.
    """
    base = os.path.realpath(root)
    arguments = {
        name: os.path.normpath(os.path.join(base, value))
        if name in PATHS and isinstance(value, str) and value
        else value
        for name, value in mapper_args.items()
    }
    registry = arguments.get("calibRegistry")
    if isinstance(registry, str) and os.path.isabs(registry):
        folder, name = os.path.split(registry)
        calibrations = os.path.realpath(arguments.get("calibRoot") or base)
        absolute = os.path.join(os.path.realpath(folder), name)
        arguments["calibRegistry"] = os.path.relpath(absolute, calibrations)
    return arguments


def _parent(node: Node, path: str, root: str) -> Any:
    if node.tag == _TAG:
        return _cfg(node, path, root)._replace(old=True)
    return mirrors.directory(_from(root, _path(node, "a parent")))


def _path(node: Node, name: str) -> str:
    """Return the path in a node; a ``file:`` URI is converted."""
    value = _plain(node)
    path = value.removeprefix("file://") if isinstance(value, str) else ""
    if not path or "://" in path or "\0" in path:
        raise RepositoryError(f"{yaml_nodes.where(node)}: {name} must be a path, not {value!r}")
    return path


def _from(root: str, path: str) -> str:
    """Return an absolute path; a parent's path is relative to the real directory of its child."""
    return os.path.normpath(os.path.join(os.path.realpath(root), path))


def _sequence(node: Node) -> list[Node]:
    return list(node.value) if _checked(node, list, "_parents", "a list") else []


def _checked(node: Node, kind: type, name: str, word: str) -> Any:
    """Return the value of an entry: null, or of the required kind."""
    # The values of parents are checked later: each may be a whole configuration.
    value = node.value if kind is list and node.tag.endswith(":seq") else _plain(node)
    if value is not None and not isinstance(value, kind):
        raise RepositoryError(f"{yaml_nodes.where(node)}: {name} must be {word}, not {value!r}")
    return value


def _mapper(node: Node, cfg_root: str) -> str | None:
    """Return a mapper's dotted name, written as text, class, or instance; or its camera's file."""
    for form in ("name:", "object/new:", "object:", "object/apply:"):
        if node.tag.startswith(_PYTHON + form):
            return str(node.tag[len(_PYTHON + form) :])
    name: str | None = _checked(node, str, "_mapper", "a dotted name")
    return _from(cfg_root, name) if name is not None and name.endswith(_CAMERA_FILE) else name


def _plain(node: Node) -> Any:
    """Return a node as plain data; tags of Python's plain types and Gen2's Policy are known."""
    if node.tag.startswith(_PYTHON):
        kind = node.tag[len(_PYTHON) :]
        if kind == "tuple":
            return tuple(_plain(child) for child in node.value)
        if kind in ("str", "unicode"):
            return node.value
        if kind.startswith(
            ("object:lsst.daf.persistence.policy.Policy", "object:persistence.policy.load.Policy")
        ):
            return {key: _plain(value) for key, value in yaml_nodes.items(node).items()}.get("data")
    if isinstance(node.value, list) and node.tag.endswith(":map"):
        return {key: _plain(value) for key, value in yaml_nodes.items(node).items()}
    if isinstance(node.value, list) and node.tag.endswith(":seq"):
        return [_plain(child) for child in node.value]
    try:
        return yaml_nodes.plain(node)
    except PolicyError as error:
        raise RepositoryError(str(error)) from error


# -- writing the file
# --------------------------------------------------------------------------------------


def _lines(cfg: RepositoryCfg, indent: str, base: str, here: str) -> Iterator[str]:
    nested = bool(indent)
    yield f"{_TAG}\n"
    mapper = cfg.mapper and dotted(cfg.mapper)
    if mapper is not None and mapper.endswith(_CAMERA_FILE):
        mapper = os.path.relpath(mapper, here)
    yield f"{indent}_mapper: {yaml_nodes.flow(mapper)}\n"
    yield f"{indent}_mapperArgs: {yaml_nodes.flow(_movable(cfg))}\n"
    yield f"{indent}_parents:{'' if cfg.parents else ' []'}\n"
    for parent in cfg.parents:
        if isinstance(parent, RepositoryCfg):
            yield f"{indent}- " + "".join(_lines(parent, f"{indent}  ", base, here))
        else:
            relative = os.path.relpath(mirrors.shown(parent), base)
            yield f"{indent}- {yaml_nodes.flow(relative)}\n"
    policy = "null" if cfg.policy is None else yaml_nodes.flow({"data": dict(cfg.policy)})
    tag = "" if cfg.policy is None else "!!python/object:lsst.daf.persistence.policy.Policy "
    yield f"{indent}_policy: {tag}{policy}\n"
    # Gen2 wrote a nested root as an absolute path, and its trees could not be moved; it can read a
    # relative one, too.
    own = (
        os.path.relpath(cfg.root, base)
        if nested
        else None
        if cfg.root == cfg.cfg_root
        else cfg.root
    )
    yield f"{indent}_root: {yaml_nodes.flow(own)}\n"
    yield f"{indent}dirty: true\n"


def _movable(cfg: RepositoryCfg) -> dict[str, Any]:
    """Return the mapper's arguments as they are written: with paths relative to the root.

    A tree of a repository and its calibrations can then be moved. Gen2 can read them
    (doc/gen2/gen2-core.md, 6.1).
    """
    root = os.path.realpath(cfg.root)
    return {
        name: os.path.relpath(value, root) if name in PATHS and isinstance(value, str) else value
        for name, value in placed(cfg.mapperArgs, cfg.root).items()
    }
