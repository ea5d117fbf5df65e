"""``--show``: the configuration and its history, tasks, data IDs (doc/gen2/gen2-cli.md, 3.9)."""

from __future__ import annotations

import argparse
import fnmatch
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any

from persistence.errors import UsageError, did_you_mean

CONFIG, HISTORY, TASKS, DATA, RUN = "config", "history", "tasks", "data", "run"
_KNOWN = (CONFIG, f"{CONFIG}=PATTERN", f"{HISTORY}=PATTERN", TASKS, DATA, RUN)
_TAKES_PATTERN = (CONFIG, HISTORY)
_ROOT = "config"
_NO_IGNORECASE = ":NOIGNORECASE"
# Modules that set fields on behalf of others: a history names their callers.
_BETWEEN = ("lsst/pex/config/", "persistence/cmdline/", "argparse.py")
_WIDEST = 40


class NotShown(UsageError):
    """A word of ``--show`` that is unknown, or a field that does not exist."""


def check(words: Sequence[str]) -> None:
    """Raise an error for words that ``--show`` does not know.

    Raises
    ------
    NotShown
        If there is one, or a pattern is missing.
    """
    for word in words:
        name, equals, pattern = word.partition("=")
        if name not in (*_TAKES_PATTERN, TASKS, DATA, RUN) or (
            equals and name not in _TAKES_PATTERN
        ):
            raise NotShown(
                f"--show does not know {word!r}{did_you_mean(name, _KNOWN)} (known: "
                f"{', '.join(_KNOWN)})"
            )
        if name == HISTORY and not pattern:
            raise NotShown(
                f"--show {word}: write --show history=PATTERN, such as history=isr.doBias or "
                "history='*'"
            )


def ends(words: Sequence[str] | None) -> bool:
    """Return whether a command ends after ``--show``."""
    return words is not None and RUN not in words


def told(words: Iterable[str], config: Any) -> Iterator[str]:
    """Yield the lines for some words, except those about data.

    Parameters
    ----------
    words : iterable of `str`
        The words after ``--show``.
    config : `lsst.pex.config.Config`
        The configuration.

    Raises
    ------
    NotShown
        If there is no such field.
    """
    for word in words:
        name, _, pattern = word.partition("=")
        if name in _SHOWN:
            yield from _SHOWN[name](config, pattern)


# -- config
# ------------------------------------------------------------------------------------------------


class _Blocks(list[str]):
    """The text that pex_config writes: one block for each field, after the imports."""

    write = list.append


def _config(config: Any, pattern: str) -> Iterator[str]:
    blocks = _Blocks()
    config.saveToStream(blocks, _ROOT)
    if not pattern:
        yield "".join(blocks).removesuffix("\n")
        return
    pattern, exact, _ = pattern.partition(_NO_IGNORECASE)
    pattern = pattern.removeprefix(f"{_ROOT}.")
    if not exact and pattern != pattern.lower():
        yield (
            f"Matching {pattern!r} without regard to case (append {_NO_IGNORECASE} to match it as "
            "it is)"
        )
    # The pattern must match the end of a name, not its beginning.
    matches = re.compile(fnmatch.translate(pattern), 0 if exact else re.IGNORECASE).search
    for block in blocks:
        name = block.rstrip().rpartition("\n")[2].partition("=")[0]
        if name.startswith(_ROOT) and matches(name):
            yield f"\n{block.rstrip()}"


# -- fields, one by one
# --------------------------------------------------------------------------------------


def walked(config: Any, before: str = "") -> Iterator[tuple[str, Any, Any]]:
    """Yield each field of a configuration and its nested ones: full name, owner, and field."""
    for name, field in config._fields.items():
        full = f"{before}.{name}" if before else name
        yield full, config, field
        for label, inner in _within(getattr(config, name)):
            yield from walked(inner, f"{full}{label}")


def _within(value: Any) -> Iterator[tuple[str, Any]]:
    """Yield the configurations in the value of a field."""
    from lsst.pex.config import Config
    from lsst.pex.config.configChoiceField import ConfigInstanceDict
    from lsst.pex.config.configDictField import ConfigDict
    from lsst.pex.config.configurableField import ConfigurableInstance

    if isinstance(value, Config):
        yield "", value
    elif isinstance(value, ConfigurableInstance):
        yield "", value.value
    elif isinstance(value, ConfigInstanceDict):
        # Only entries that are selected or were set: accessing another one would create it.
        yield from (
            (f"[{key!r}]", value[key]) for key in dict.fromkeys((*value._dict, *_chosen(value)))
        )
    elif isinstance(value, ConfigDict):
        yield from ((f"[{key!r}]", inner) for key, inner in value.items())


def _chosen(value: Any) -> Sequence[str]:
    """Return the names of the selected entries of a registry."""
    names = value.names if value._field.multi else [value.name]
    return [name for name in names or () if name is not None]


def _history(config: Any, pattern: str) -> Iterator[str]:
    pattern = pattern.removeprefix(f"{_ROOT}.")
    every = list(walked(config))
    matches = [
        entry for entry in every if entry[0] == pattern or fnmatch.fnmatchcase(entry[0], pattern)
    ]
    if not matches and {"*", "?"}.isdisjoint(pattern):
        hint = did_you_mean(pattern, [name for name, _, _ in every])
        raise NotShown(f"--show history={pattern}: there is no such field{hint}")
    for index, (name, owner, field) in enumerate(matches):
        yield from ["", name] if index else [name]
        yield from _entries(owner.history.get(field.name, ()))


def _entries(history: Sequence[tuple[Any, Sequence[Any], str]]) -> Iterator[str]:
    """Yield each value that a field had, with the line that set it."""
    values = [_value(value) for value, _, _ in history]
    width = min(max(map(len, values), default=0), _WIDEST)
    for text, (_, stack, label) in zip(values, history, strict=True):
        yield f"{text:<{width}}  {_origin(stack, label)}".rstrip()


def _value(value: Any) -> str:
    """Return a value on one line; a whole configuration by its class."""
    if hasattr(value, "_fields"):
        return f"{type(value).__module__}.{type(value).__name__}"
    return (
        value
        if isinstance(value, str) and value.startswith(("Targeted", "retarget"))
        else repr(value)
    )


def _origin(stack: Sequence[Any], label: str) -> str:
    if label.startswith("-c "):
        return f"command line: {label}"
    frames = [frame for frame in stack if not any(part in frame.filename for part in _BETWEEN)]
    if not frames:
        return label
    return f"{frames[-1].filename}:{frames[-1].lineno}  {frames[-1].content}"


def _tasks(config: Any, pattern: str) -> Iterator[str]:
    yield "Subtasks:"
    yield from sorted(f"{name}: {target}" for name, target in _targets(config))


def showTaskHierarchy(config: Any) -> None:
    """Print each subtask of a configuration, with its class, as ``--show tasks`` does."""
    print("\n".join(_tasks(config, "")))


def _targets(config: Any) -> Iterator[tuple[str, str]]:
    """Yield the class of each subtask; of a registry, those that are selected."""
    from lsst.pex.config import RegistryField
    from lsst.pex.config.configurableField import ConfigurableInstance

    for name, owner, field in walked(config):
        value = getattr(owner, field.name)
        if isinstance(value, ConfigurableInstance):
            yield name, _dotted(value.target)
        elif isinstance(field, RegistryField):
            yield from (
                (f"{name}[{one!r}]", _dotted(value.types.registry[one])) for one in _chosen(value)
            )


def _dotted(target: Any) -> str:
    return f"{target.__module__}.{getattr(target, '__qualname__', target)}"


_SHOWN: Mapping[str, Callable[[Any, str], Iterator[str]]] = {
    CONFIG: _config,
    HISTORY: _history,
    TASKS: _tasks,
}


# -- data
# --------------------------------------------------------------------------------------------------


def data(containers: Mapping[str, Any]) -> Iterator[str]:
    """Yield a line for each data reference of each ID argument."""
    for name, container in containers.items():
        for reference in _flat(container.refList):
            yield f"{name} dataRef.dataId = {dict(reference.dataId)}"


def _flat(references: Iterable[Any]) -> Iterator[Any]:
    """Yield data references one by one.

    Some containers have lists of those that are processed together.
    """
    for reference in references:
        if isinstance(reference, list | tuple):
            yield from reference
        else:
            yield reference


def write(lines: Iterable[str]) -> None:
    """Print lines."""
    sys.stdout.writelines(f"{line}\n" for line in lines)
    sys.stdout.flush()


def add_options(group: argparse._ArgumentGroup) -> None:
    """Add ``--show``."""
    group.add_argument(
        "--show", nargs="+", action="extend", metavar="WORD",
        help="show the configuration (config, config=PATTERN), where values come from "
             "(history=PATTERN), the subtasks (tasks) or the data IDs (data), write nothing, and "
             "exit; with run, continue",
    )  # fmt: skip
