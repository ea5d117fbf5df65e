"""The arguments of a Butler: checked, copied, and turned into an opened chain of repositories."""

from __future__ import annotations

import os
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.butler.chain import Chain
from persistence.butler.open import open_chain, open_one
from persistence.butler.pins import Given, of_caller
from persistence.butler.repository_args import TAKEN, RepositoryArgs, as_args, refuse_untaken
from persistence.calibs import roots
from persistence.errors import RepositoryError, UnknownArgument, did_you_mean

# The Butler's own arguments, suggested for misspelt ones.
OWN = (
    "root",
    "mapper",
    "inputs",
    "outputs",
    "trust",
    "calibs",
    "cache",
    "types",
    "durable",
    "mode",
    "force",
    "record",
    "pins",
)


class Arguments(NamedTuple):
    """The arguments that open the same repositories again, in another process for example."""

    root: str | None
    mapper: Any
    inputs: list[RepositoryArgs] | None
    outputs: list[RepositoryArgs] | None
    trust: tuple[str, ...]
    calibs: dict[str, str]
    mapper_args: Mapping[str, Any]
    pins: Given


def open_repositories(
    root: str | os.PathLike[str] | None,
    mapper: Any,
    inputs: Any,
    outputs: Any,
    trust: Any,
    calibs: Mapping[str, str] | None,
    mode: str,
    force: bool,
    mapper_args: Mapping[str, Any],
    pins: Given = None,
) -> tuple[Arguments, Chain]:
    """Return the arguments with absolute paths, and the opened chain; see `Butler`.

    Raises
    ------
    UnknownArgument
        If ``root`` is combined with ``inputs`` or ``outputs``, or an argument is unknown.
    RepositoryError
        If a repository cannot be opened.
    """
    trust = _dotted_names(trust)
    if pins:  # with absolute paths
        pins = {pin.pattern: list(pin.roots) for pin in of_caller(pins)}
    if inputs is None and outputs is None:
        directory = root if root is not None else getattr(mapper, "root", None) or os.curdir
        args = RepositoryArgs(os.fspath(directory), mapper=mapper, mapperArgs=mapper_args)
        args.settle()
        calibs = _calibration_directories(calibs, [args])
        mapper_args = args.mapperArgs or {}
        chain = open_one(
            os.fspath(directory), mapper, trust, mapper_args, calibs, mode, force, pins
        )
        refuse_untaken(chain.inputs[0].mapper, mapper_args, OWN)
        return Arguments(args.root, mapper, None, None, trust, calibs, mapper_args, pins), chain
    if root or mapper or mapper_args or mode != "rw":
        values = {"root": root, "mapper": mapper, "mode": mode != "rw", **mapper_args}
        names = [name for name, value in values.items() if value]
        hints = [did_you_mean(name, (*TAKEN, *OWN)) for name in mapper_args]
        raise UnknownArgument(
            "Butler version 1 API (root, mapper, **mapperArgs) may not be used with "
            f"version 2 API (inputs, outputs): {', '.join(names)}{''.join(hints)}"
        )
    inputs, outputs = as_args(inputs), as_args(outputs)
    for args in (*inputs, *outputs):
        args.settle()
    calibs = _calibration_directories(calibs, [*inputs, *outputs])
    chain = open_chain(inputs, outputs, trust, calibs, force, pins)
    return Arguments(None, None, inputs, outputs, trust, calibs, {}, pins), chain


def _dotted_names(trust: Any) -> tuple[str, ...]:
    """Return the dotted names that the caller trusts; raise UnknownArgument for anything else."""
    names = (trust,) if isinstance(trust, str) or not isinstance(trust, Iterable) else tuple(trust)
    for name in names:
        if not isinstance(name, str):
            dotted = f"{name.__module__}.{name.__qualname__}" if isinstance(name, type) else ""
            raise UnknownArgument(
                f"trust: {name!r} is not a dotted name: pass {dotted or 'package.Name'!r}, a string"
            )
    return names


def _calibration_directories(
    calibs: Mapping[str, Any] | None, repositories: Sequence[RepositoryArgs]
) -> dict[str, str]:
    """Return the directory of each calibration type; relative ones may be in a repository."""
    if not isinstance(calibs, Mapping | None):
        raise RepositoryError(
            f"calibs must map calibration dataset types to directories, not {calibs!r}: a single "
            "directory for all types is calibRoot"
        )
    directories = [args.root for args in repositories]
    return {
        name: roots.directory(directory, directories, f"calibs[{name!r}]")
        for name, directory in (calibs or {}).items()
    }
