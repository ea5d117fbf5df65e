"""Find moved trees: where a directory named by an outdated path may be now."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.errors import Argument, Message, RegistryWarning, warn_caller
from persistence.registry import path_of


def mapper_args(cfg: RepositoryCfg) -> Mapping[str, Any]:
    """Return the mapper arguments of a repository's file, with a calibration root that exists.

    Gen2, and earlier versions of this package, wrote absolute paths. In a tree that was moved, the
    calibrations still have the same position relative to the repository. If none is found, there is
    no error: not every user needs calibrations.
    """
    path, named = cfg.mapperArgs.get("calibRoot"), cfg.mapperArgs.get("calibRegistry")
    if not isinstance(path, str):
        return cfg.mapperArgs
    registry = path_of(path, {"calibRegistry": named}, "calibRegistry")
    if os.path.isdir(path) and (not named or os.path.isfile(registry)):
        return cfg.mapperArgs
    arguments = {"calibRegistry": named and os.path.relpath(registry, path)}
    candidates = beside(path, cfg.root)
    roots = [
        candidate
        for candidate in candidates
        if os.path.isfile(path_of(candidate, arguments, "calibRegistry"))
    ]
    hint = f"{roots[0]} is taken for it" if roots else "none of them will be found"
    gone = registry if os.path.isdir(path) else path
    # Arguments of an older repository are in the file of its child.
    file = f"{cfg.cfg_root}/{repository_cfg.FILE}"
    file = f"{repository_cfg.FILE} of a child of {cfg.cfg_root}" if cfg.old else file
    warn_caller(
        Message(
            f"{file} names the calibrations in {gone}, which is not there: {hint}. Pass their "
            "directory as ",
            Argument("calibRoot"),
        ),
        RegistryWarning,
    )
    lost = ("calibRoot",) if roots else ("calibRoot", "calibRegistry")
    others = {name: value for name, value in cfg.mapperArgs.items() if name not in lost}
    return {**others, "calibRoot": roots[0]} if roots else others


def beside(path: str, root: str) -> Iterator[str]:
    """Yield where a path may be now, if it was moved together with a root."""
    parts = path.strip("/").split("/")
    above = os.path.dirname(os.path.realpath(root))
    while above != "/":
        yield from (os.path.join(above, *parts[start:]) for start in range(len(parts)))
        above = os.path.dirname(above)


def guess(path: str, child: RepositoryCfg) -> str:
    """Return a hint where a parent is now; empty if it is not found beside the child."""
    for candidate in beside(path, child.root):
        is_other = os.path.realpath(candidate) != os.path.realpath(child.root)
        if is_other and repository_cfg.read(candidate) is not None:
            return f"; is it {candidate} now?"
    return ""
