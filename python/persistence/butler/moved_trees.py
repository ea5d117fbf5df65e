"""Trees that were moved: where what an old path names may be now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.errors import RegistryWarning, argument, warn_caller
from persistence.registry import path_of


def mapper_args(cfg: RepositoryCfg) -> Mapping[str, Any]:
    """Return what a repository's file says for the mapper, with a calibration root that is there.

    Gen2, and earlier versions of ours, wrote it absolute: in a tree that was moved, it is where it
    was beside the repository. Whoever needs no calibrations does not need it.
    """
    path, named = cfg.mapperArgs.get("calibRoot"), cfg.mapperArgs.get("calibRegistry")
    if not isinstance(path, str):
        return cfg.mapperArgs
    registry = path_of(path, {"calibRegistry": named}, "calibRegistry")
    if os.path.isdir(path) and (not named or os.path.isfile(registry)):
        return cfg.mapperArgs
    given = {"calibRegistry": named and os.path.relpath(registry, path)}
    places = beside(path, cfg.root)
    roots = [one for one in places if os.path.isfile(path_of(one, given, "calibRegistry"))]
    hint = f"{roots[0]} is taken for it" if roots else "none of them will be found"
    gone = registry if os.path.isdir(path) else path
    # What an older repository is told, the file of the one on it says.
    file = f"{cfg.cfg_root}/{repository_cfg.FILE}"
    file = f"{repository_cfg.FILE} of a child of {cfg.cfg_root}" if cfg.old else file
    warn_caller(
        f"{file} names the calibrations in {gone}, which is not there: {hint}. "
        f"{argument('calibRoot')} says where they are",
        RegistryWarning,
    )
    lost = ("calibRoot",) if roots else ("calibRoot", "calibRegistry")
    others = {name: value for name, value in cfg.mapperArgs.items() if name not in lost}
    return {**others, "calibRoot": roots[0]} if roots else others


def beside(path: str, root: str) -> Iterator[str]:
    """Yield where a path may be now: as it was beside a root, if the tree was moved with it."""
    parts = path.strip("/").split("/")
    above = os.path.dirname(os.path.realpath(root))
    while above != "/":
        yield from (os.path.join(above, *parts[start:]) for start in range(len(parts)))
        above = os.path.dirname(above)


def guess(path: str, child: RepositoryCfg) -> str:
    """Return a hint where a parent is now; empty if it is nowhere beside the child."""
    for candidate in beside(path, child.root):
        is_other = os.path.realpath(candidate) != os.path.realpath(child.root)
        if is_other and repository_cfg.read(candidate) is not None:
            return f"; is it {candidate} now?"
    return ""
