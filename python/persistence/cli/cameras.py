"""``--mapper`` and ``--trust``: the cameras of a command's repositories."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from persistence.cameras.mapper import Mapper


def add_options(
    parser: argparse._ActionsContainer, type: Callable[[str], str] = str, default: Any = None
) -> None:
    """Add the two options.

    Parameters
    ----------
    parser : `argparse.ArgumentParser` or group of one
        Where they are added.
    type : callable
        Checks a value.
    default
        Of both.
    """
    parser.add_argument(
        "--mapper", metavar="NAME", type=type, default=default,
        help="the camera, for a repository that names none, or one that is not installed: decam, "
             "lsst.obs.decam.DecamMapper, package.Mapper (which is imported), or its YAML file",
    )  # fmt: skip
    parser.add_argument(
        "--trust", metavar="NAME", action="append", type=type, default=default,
        help="a class that pickles may hold, or a mapper that a repository may name: "
             "package.Name, which is imported; may be repeated",
    )  # fmt: skip


def given(arguments: argparse.Namespace) -> dict[str, Any]:
    """Return the options as keywords ``mapper`` and ``trust``."""
    return {"mapper": arguments.mapper, "trust": tuple(arguments.trust or ())}


def of_repository(
    root: str, mapper: str | None = None, trust: tuple[str, ...] = ()
) -> type[Mapper] | None:
    """Return the mapper of a repository: the one that was typed, or that which it names.

    Raises
    ------
    PersistenceError
        If it names one that is not installed, and not trusted.
    """
    from persistence.butler.butler import Butler  # lazy: --help does without
    from persistence.cameras import installed

    if mapper is None:
        return Butler.getMapperClass(root, trust)
    installed.remember(mapper)
    return installed.camera(mapper)
