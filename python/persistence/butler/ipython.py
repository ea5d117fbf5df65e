"""TAB in IPython, inside a Butler's calls: dataset types, keys and values of data IDs.

``%load_ext persistence`` loads it. IPython asks objects themselves for what stands in brackets
(``_ipython_key_completions_``); of a call, it asks matchers.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from persistence.butler.subset import ButlerDataRef
from persistence.errors import PersistenceError

# Methods whose first argument is a dataset type; those of the second line take views, too.
_TYPES = "subset|dataRef|query|queryMetadata|getKeys|explain|why|used_by|exists|defineStage"
_VIEWS = "get|put|getUri|datasetExists"
_CALL = re.compile(
    rf"(?P<object>[A-Za-z_][\w.]*)\.(?P<method>{_TYPES}|{_VIEWS})\((?P<arguments>[^()]*)$"
)
_NAME = re.compile(r"(?:^|,)\s*(?:datasetType\s*=\s*)?(?P<quote>['\"])(?P<name>[^'\"]*)$")
_FIRST = re.compile(r"['\"](?P<name>[^'\"]*)['\"]\s*,")
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([\w.+-]+))\s*,")
_KEY = re.compile(r",\s*(?P<start>\w*)$")
_VALUE = re.compile(r",\s*(?P<key>\w+)\s*=\s*(?P<start>['\"]?[\w.+-]*)$")
# So many values of a key are shown.
_MOST = 500


def completions(before: str, names: Mapping[str, Any]) -> tuple[str, list[str]]:
    """Return what may stand in a Butler's call, at the end of some code.

    Parameters
    ----------
    before : `str`
        The code up to the cursor.
    names : mapping [`str`, `object`]
        The variables that it may use.

    Returns
    -------
    start : `str`
        The end of the code that is replaced.
    words : `list` [`str`]
        By what; empty if the code is no call of a Butler.
    """
    call = _CALL.search(before)
    butler = None if call is None else _butler(call["object"], names)
    if call is None or butler is None:
        return "", []
    arguments = call["arguments"]
    first = _FIRST.search(arguments)
    try:
        if first is not None:
            start, words = _of_data_id(butler, first["name"], arguments[first.end() - 1 :])
        elif name := _NAME.search(arguments):
            start, words = name["name"], _dataset_types(butler, call["method"], name["name"])
        else:
            return "", []
    except PersistenceError:  # what is typed so far cannot be asked for
        return "", []
    return start, [word for word in words if word.startswith(start)]


def _butler(name: str, names: Mapping[str, Any]) -> Any:
    """Return the Butler that a dotted name leads to, without running code of anybody."""
    first, *rest = name.split(".")
    value = names.get(first)
    for part in rest:
        value = getattr(value, "__dict__", {}).get(part)
    if isinstance(value, ButlerDataRef):
        return value.getButler()
    is_butler = hasattr(type(value), "getDatasetTypes") and hasattr(type(value), "queryMetadata")
    return value if is_butler else None


def _dataset_types(butler: Any, method: str, start: str) -> Iterable[str]:
    """Return dataset types; views of one too, once its name is typed."""
    names = butler.getDatasetTypes()
    types = getattr(names, "types", sorted(names))
    views = getattr(names, "views", {}) if re.fullmatch(_VIEWS, method) else {}
    typed = [name for name in views if start.startswith(name)]
    return [*types, *(view for name in typed for view in views[name])]


def _of_data_id(butler: Any, name: str, rest: str) -> tuple[str, Iterable[str]]:
    """Return keys of a data ID that are not typed yet, or values of one."""
    typed = {key: quoted or two or three for key, quoted, two, three in _PAIR.findall(rest)}
    if value := _VALUE.search(rest):
        key, start = value["key"], value["start"]
        values = butler.queryMetadata(name.partition(".")[0], [key], typed)
        quote = start[:1] if start[:1] in ("'", '"') else ""
        words = dict.fromkeys(_text(quoted, quote) for quoted in values if quoted is not None)
        return start, list(words)[:_MOST]
    if name_of_key := _KEY.search(rest):
        start = name_of_key["start"]
        return start, [f"{quoted}=" for quoted in butler.getKeys(name) or () if quoted not in typed]
    return "", []


def _text(value: Any, quote: str) -> str:
    """Return a value as Python has it; the quote that is typed already counts."""
    if not isinstance(value, str):
        return str(value)
    return f"{quote}{value}" if quote else repr(value)


def load(shell: Any) -> None:
    """Register `completions` with an IPython shell."""
    from IPython.core.completer import SimpleCompletion, context_matcher

    def ask(context: Any) -> dict[str, Any]:
        start, words = completions(context.text_until_cursor, shell.user_ns)
        return {
            "completions": [SimpleCompletion(text=word, type="dataset") for word in words],
            "matched_fragment": start,
            "suppress": bool(words),
            "ordered": True,
        }

    matchers: list[Callable[[Any], dict[str, Any]]] = shell.Completer.custom_matchers
    if all(getattr(matcher, "matcher_identifier", "") != "persistence" for matcher in matchers):
        matchers.append(context_matcher(identifier="persistence")(ask))
