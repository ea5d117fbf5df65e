"""Single settings of a task's configuration, ``-c NAME=VALUE`` (doc/gen2/gen2-cli.md, 3.8).

Unlike in Gen2, values are not code but literals and arithmetic (`persistence.dataids.literals`); a
list of texts is split at commas; and entries of registries and dictionaries can be set:
``skyMap['rings'].numRings=120``.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from persistence.dataids import literals
from persistence.errors import UsageError, did_you_mean

# The maximal number of fields listed in a message.
_SHOWN = 12
_STEP = re.compile(r"\.?(?P<name>\w+)|\[(?P<quote>['\"]?)(?P<index>[^\[\]'\"]+)(?P=quote)\]")


class _Step(NamedTuple):
    """One part of a dotted name: a field, or an entry of a field's value."""

    word: str
    is_index: bool


def assign(config: Any, word: str) -> str | None:
    """Set one value, by ``NAME=VALUE``.

    Parameters
    ----------
    config : `lsst.pex.config.Config`
        The configuration.
    word : `str`
        The text after ``-c``.

    Returns
    -------
    warning : `str` or None
        A warning about a possible mistake.

    Raises
    ------
    UsageError
        If there is no such field, or it does not accept the value.
    """
    name, equals, text = word.partition("=")
    if not equals or not text:
        raise UsageError(f"-c {word}: write -c NAME=VALUE")
    *steps, last = _steps(word, name)
    target, so_far = config, ""
    for step in steps:
        target = _down(word, target, step, so_far)
        if step.is_index:
            so_far += f"[{step.word!r}]"
        else:
            so_far += f".{step.word}" if so_far else step.word
    # for a registry: the same as its field's value
    if hasattr(target, "active") and last.word in ("name", "names"):
        return assign(config, f"{so_far}={text}")
    if last.is_index:
        _assign_entry(word, target, last, text)
        return None
    return _assign_field(word, target, last.word, so_far, text)


def _steps(word: str, name: str) -> list[_Step]:
    steps, position = [], 0
    while position < len(name):
        match = _STEP.match(name, position)
        if match is None or (position == 0) == match[0].startswith((".", "[")):
            raise UsageError(f"-c {word}: {name!r} is not the name of a field")
        steps.append(_Step(match["name"] or match["index"], match["name"] is None))
        position = match.end()
    if not steps:
        raise UsageError(f"-c {word}: write -c NAME=VALUE")
    return steps


def fields(target: Any) -> Mapping[str, Any]:
    """Return the fields of a configuration, or of the one in a subtask's field; else none."""
    from lsst.pex.config.configurableField import ConfigurableInstance

    mapping: Mapping[str, Any] = getattr(
        target.value if isinstance(target, ConfigurableInstance) else target, "_fields", {}
    )
    return mapping


def _down(word: str, target: Any, step: _Step, so_far: str) -> Any:
    """Return a field of a configuration, or an entry of a registry."""
    if step.is_index:
        return _entry(word, target, step.word, so_far)
    if step.word != "active" or getattr(target, "active", None) is None:
        _field(word, target, step.word, so_far)
    return getattr(target, step.word)


def _entry(word: str, target: Any, key: str, so_far: str) -> Any:
    try:
        return target[key]
    except (LookupError, TypeError, ValueError):
        known = [str(entry) for entry in target] if isinstance(target, Mapping) else []
        hint = f" (known: {', '.join(known)})" if known else ""
        raise UsageError(
            f"-c {word}: {so_far} has no entry {key!r}{did_you_mean(key, known)}{hint}"
        ) from None


def _field(word: str, target: Any, name: str, so_far: str) -> Any:
    known = fields(target)
    if name in known:
        return known[name]
    if not known:
        choices = f" {name!r}; write {so_far}['ENTRY'].{name}" if hasattr(target, "active") else "s"
        raise UsageError(f"-c {word}: {so_far} has no field{choices}")
    before = f"{so_far}." if so_far else ""
    some = ", ".join([*list(known)[:_SHOWN], *(["..."] if len(known) > _SHOWN else [])])
    hint = did_you_mean(name, known, before)
    raise UsageError(
        f"-c {word}: there is no field {before + name!r}{hint} ({so_far or 'the configuration'} "
        f"has {some})"
    )


def _assign_entry(word: str, target: Any, step: _Step, text: str) -> None:
    if not hasattr(target, "__setitem__"):
        raise UsageError(f"-c {word}: only entries of dictionaries can be set")
    field = target._field
    with _explained(word, field):
        target.__setitem__(
            step.word, text if field.itemtype is str else literals.value(text), label=f"-c {word}"
        )


def _assign_field(word: str, target: Any, name: str, so_far: str, text: str) -> str | None:
    label = f"-c {word}"  # the origin of the value in the history
    field = _field(word, target, name, so_far)
    with _explained(word, field):
        target.__setattr__(name, _taken(field, text), label=label)
    if _is_texts(field) and len(text) > 1 and _texts(text) == list(text):
        return (
            f"-c {word}: {name} is a list of texts, and is now {list(text)}; write "
            f"{name}=['{text}'] for one text"
        )
    return None


def _is_texts(field: Any) -> bool:
    from lsst.pex.config import ListField

    return isinstance(field, ListField) and field.itemtype is str


def _taken(field: Any, text: str) -> Any:
    """Return a text converted to the type of a field."""
    from lsst.pex.config import ConfigChoiceField, ConfigField, ConfigurableField, ListField

    if isinstance(field, ConfigField | ConfigurableField):
        raise ValueError("it has fields of its own: set one of these")
    if isinstance(field, ConfigChoiceField):
        return _chosen(field, text)
    if _is_texts(field):
        return _texts(text)
    if field.dtype is str:
        return text
    value = literals.value(text)
    return (
        [value]
        if isinstance(field, ListField) and not isinstance(value, list | tuple | None)
        else value
    )


def _chosen(field: Any, text: str) -> Any:
    """Return a text as the names of registry entries, or as one."""
    names = _texts(text) if field.multi and text not in field.typemap else [text]
    for name in names:
        if name not in field.typemap:
            raise ValueError(f"there is no {name!r}{did_you_mean(name, field.typemap)}")
    return names if field.multi else text


def _texts(text: str) -> list[str]:
    """Return a text as a list: a literal, or split at commas.

    Text without commas is split into its letters, as in Gen2.
    """
    with contextlib.suppress(ValueError):
        value = literals.value(text)
        if isinstance(value, list | tuple | str):
            return [value] if isinstance(value, str) else list(value)
    return [part.strip() for part in text.split(",") if part.strip()] if "," in text else list(text)


@contextlib.contextmanager
def _explained(word: str, field: Any) -> Iterator[None]:
    """Add a field's description to the error if it does not accept a value."""
    try:
        yield
    except (ValueError, TypeError) as error:  # pex_config's own errors are ValueErrors
        raise UsageError(
            f"-c {word}: {reason(error)}; {field.name} is {_kind(field)}: {field.doc.strip()}"
        ) from error


def reason(error: BaseException) -> str:
    """Return an error's message, without the code locations that pex_config adds."""
    first = str(error).partition("\n")[0].rstrip(".")
    return first.partition(" failed validation: ")[2] or first or type(error).__name__


def _kind(field: Any) -> str:
    """Describe the values of a field: ``of type float``, ``a list of str``, ``one of 'low'``."""
    choices = getattr(field, "allowed", None) or getattr(field, "typemap", None)
    if choices:
        return f"one of {', '.join(repr(choice) for choice in choices if choice is not None)}"
    item = getattr(getattr(field, "itemtype", None), "__name__", None)
    key = getattr(getattr(field, "keytype", None), "__name__", None)
    if key is not None:
        return f"a dict of {key}: {item}"
    return f"a list of {item}" if item is not None else f"of type {field.dtype.__name__}"
