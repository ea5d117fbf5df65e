"""The settings of a camera's file, each with its shape.

Every setting is checked when the file is loaded; errors name its line.
"""

from __future__ import annotations

import datetime
import re
from collections.abc import Callable, Mapping

from persistence.dataids.template import PathTemplate
from persistence.errors import PolicyError, did_you_mean
from persistence.files import header_steps, header_values, yaml_nodes
from persistence.files.yaml_nodes import Node
from persistence.policy.section import SECTIONS

# A function that checks a node; the name is for the message.
Shape = Callable[[Node, str], None]


def _plain(word: str, *kinds: type) -> Shape:
    def check(node: Node, name: str) -> None:
        value = yaml_nodes.plain(node)
        if type(value) not in kinds:
            raise PolicyError(f"{yaml_nodes.where(node)}: {name} has to be {word}, not {value!r}")

    return check


def _list(inner: Shape) -> Shape:
    def check(node: Node, name: str) -> None:
        _any_list(node, name)
        for one in node.value:
            inner(one, name)

    return check


def _pair(inner: Shape) -> Shape:
    return _many(inner, 2, "a pair, columns first")


def _many(inner: Shape, number: int, words: str) -> Shape:
    def check(node: Node, name: str) -> None:
        _list(inner)(node, name)
        if len(node.value) != number:
            raise PolicyError(f"{yaml_nodes.where(node)}: {name} is {words}")

    return check


def _table(inner: Shape) -> Shape:
    def check(node: Node, name: str) -> None:
        _any_table(node, name)
        for key, value in yaml_nodes.items(node).items():
            inner(value, f"{name}.{key}")

    return check


def _record(needed: str = "", /, **parts: Shape) -> Shape:
    def check(node: Node, name: str) -> None:
        _any_table(node, name)
        said = yaml_nodes.items(node)
        for part, value in said.items():
            if part not in parts:
                raise PolicyError(
                    f"{yaml_nodes.where(value)}: {name} has no key "
                    f"{part!r}{did_you_mean(part, parts)}"
                )
            parts[part](value, f"{name}.{part}")
        for part in needed.split():
            if part not in said:
                raise PolicyError(f"{yaml_nodes.where(node)}: {name} needs {part}")

    return check


def _words(node: Node, name: str) -> None:
    (_list(_TEXT) if isinstance(yaml_nodes.plain(node), list) else _WORD)(node, name)


def _terms(node: Node, name: str) -> None:
    (_list(_table(_WHOLE)) if isinstance(yaml_nodes.plain(node), list) else _table(_WHOLE))(
        node, name
    )


def _bits(node: Node, name: str) -> None:
    _WHOLE(node, name)
    if not 0 <= yaml_nodes.plain(node) <= 64:
        raise PolicyError(
            f"{yaml_nodes.where(node)}: {name} is a number of bits, 0 to 64, not "
            f"{yaml_nodes.plain(node)}"
        )


def _names(node: Node, name: str) -> None:
    _table(_VALUE)(node, name)
    for key, value in yaml_nodes.items(node).items():
        if not key.removeprefix("-").isdecimal():
            raise PolicyError(
                f"{yaml_nodes.where(value)}: {name}: a detector is a whole number, not {key!r}"
            )


def _numbers(node: Node, name: str) -> None:
    _many(_WHOLE, 2, "the first number and the last")(node, name)
    first, last = yaml_nodes.plain(node)
    if first > last:
        raise PolicyError(f"{yaml_nodes.where(node)}: {name}: {first} comes after {last}")


def _cards(node: Node, name: str) -> None:
    """Check header cards: a list of names, or of names with types, or a mapping of such lists."""
    if not isinstance(yaml_nodes.plain(node), list):
        _table(_key_type)(node, name)
        return
    for one in node.value:
        (_table(_key_type) if isinstance(yaml_nodes.plain(one), dict) else _TEXT)(one, name)


def _indexed(node: Node, name: str) -> None:
    (_cards if isinstance(yaml_nodes.plain(node), list) else _table(_cards))(node, name)


def _pattern(node: Node, name: str) -> None:
    _TEXT(node, name)
    try:
        re.compile(node.value)
    except re.error as error:
        raise PolicyError(
            f"{yaml_nodes.where(node)}: {name}: {node.value!r} is not a regular expression: {error}"
        ) from error


def _template(node: Node, name: str) -> None:
    _TEXT(node, name)
    try:
        PathTemplate(node.value)
    except PolicyError as error:
        raise PolicyError(f"{yaml_nodes.where(node)}: {name}: {error}") from error


_TEXT, _WHOLE, _TRUTH = (
    _plain("text", str),
    _plain("a whole number", int),
    _plain("true or false", bool),
)
_WORD, _NUMBER = _plain("text, or a list of texts", str, type(None)), _plain("a number", int, float)
_TEXT_OR_NONE = _plain("text", str, type(None))
_TEXT_OR_TABLE = _plain("text or a mapping", str, dict, type(None))
_VALUE = _plain("text or a number", str, int, float)


def _key_type(node: Node, name: str) -> None:
    if yaml_nodes.plain(node) not in ("int", "float", "str"):
        raise PolicyError(
            f"{yaml_nodes.where(node)}: {name} is int, float or str, not {yaml_nodes.plain(node)!r}"
        )


_any_list, _any_table = _plain("a list", list), _plain("a mapping", dict)
_FILTER = _record(
    "physical",
    physical=_TEXT,
    name=_TEXT,
    band=_TEXT_OR_NONE,
    alias=_list(_TEXT),
    variant=_TEXT_OR_NONE,
)


def _arithmetic(node: Node, name: str) -> None:
    _TEXT(node, name)
    try:
        header_steps.expression(node.value)
    except ValueError as error:
        raise PolicyError(f"{yaml_nodes.where(node)}: {name}: {node.value!r}: {error}") from error


def _cut(node: Node, name: str) -> None:
    _list(_plain("a whole number", int, type(None)))(node, name)
    if len(node.value) not in (1, 2):
        raise PolicyError(
            f"{yaml_nodes.where(node)}: {name} is a list of the first character that counts, and "
            "of the first that does not"
        )


def _one_of(*words: str) -> Shape:
    def check(node: Node, name: str) -> None:
        value = yaml_nodes.plain(node)
        if value not in words:
            raise PolicyError(
                f"{yaml_nodes.where(node)}: {name} has to be {' or '.join(words)}, not {value!r}"
            )

    return check


def _changes(node: Node, name: str) -> None:
    _table(_TEXT)(node, name)
    for pattern, by in yaml_nodes.items(node).items():
        try:
            re.compile(f"{pattern}|").sub(by.value, "")
        except (re.error, IndexError) as error:
            raise PolicyError(f"{yaml_nodes.where(by)}: {name}: {pattern!r}: {error}") from error


def _whole_or_not(node: Node, name: str) -> None:
    (_TRUTH if isinstance(yaml_nodes.plain(node), bool) else _one_of("true", "false", "whole"))(
        node, name
    )


# Attributes of Source: the origin of a value in a header, and the steps to its meaning.
_STEPS: Mapping[str, Shape] = {
    "key": _words,
    "value": _VALUE,
    "compute": _arithmetic,
    "text": _TEXT,
    "pattern": _pattern,
    "becomes": _TEXT,
    "slice": _cut,
    "replace": _changes,
    "case": _one_of("upper", "lower"),
    "table": _table(_VALUE),
    "scale": _NUMBER,
    "offset": _NUMBER,
}
_SOURCE = _record(**_STEPS, time=_words, timesys=_TEXT, since=_TEXT)
_RULE = _record(
    **_STEPS,
    time=_words,
    timesys=_TEXT,
    default=_VALUE,
    night=_record(hour=_NUMBER, longitude=_VALUE),
    path=_whole_or_not,
)
# The origins of a value; a source has exactly one.
_ORIGINS = ("key", "value", "compute", "text", "path")
# Names of the functions that every camera has: those of persistence.ingest.parse.
FUNCTIONS = (
    "translate_date", "translate_datetime", "translate_filter", "translate_path", "translate_begin",
    "filter_name",
)  # fmt: skip


def _steps(shape: Shape) -> Shape:
    """Return a check of a source in the form of a mapping: the value's origin, and the steps."""

    def check(node: Node, name: str) -> None:
        shape(node, name)
        said = yaml_nodes.items(node)
        origins = [key for key in _ORIGINS if key in said]
        if len(origins) != 1 and "night" not in said:
            raise PolicyError(
                f"{yaml_nodes.where(node)}: {name} needs one of {', '.join(_ORIGINS)}, but has "
                f"{', '.join(origins) or 'none'}"
            )
        if "becomes" in said:
            _check_becomes(said, name)

    return check


def _check_becomes(said: Mapping[str, Node], name: str) -> None:
    """Check that the replacement of a pattern uses only groups of the pattern."""
    where = yaml_nodes.where(said["becomes"])
    if "pattern" not in said:
        raise PolicyError(f"{where}: {name}.becomes needs a pattern")
    try:
        re.compile(f"(?:{said['pattern'].value})?").sub(said["becomes"].value, "")
    except (re.error, IndexError) as error:
        raise PolicyError(f"{where}: {name}.becomes: {error}") from error


def _one_source(shape: Shape) -> Shape:
    mapped = _steps(shape)

    def check(node: Node, name: str) -> None:
        (mapped if yaml_nodes.is_mapping(node) else _TEXT)(node, name)

    return check


def _sources(node: Node, name: str) -> None:
    single = _one_source(_SOURCE)
    (_list(single) if yaml_nodes.is_list(node) else single)(node, name)


def _translator(node: Node, name: str) -> None:
    if yaml_nodes.is_mapping(node):
        _steps(_RULE)(node, name)
    elif yaml_nodes.is_list(node):
        _list(_one_source(_SOURCE))(node, name)
    else:
        _TEXT(node, name)
        if "." not in node.value and node.value not in FUNCTIONS:
            raise PolicyError(
                f"{yaml_nodes.where(node)}: {name}: there is no translator {node.value!r}"
                f"{did_you_mean(node.value, FUNCTIONS)} (known: {', '.join(FUNCTIONS)}, or the "
                "dotted name of a function; or describe it: doc/cameras.rst)"
            )


_CHANGE = _record(pattern=_pattern, becomes=_TEXT, table=_table(_VALUE), format=_TEXT)


def _shown_value(node: Node, name: str) -> None:
    _CHANGE(node, name)
    ways = set(yaml_nodes.items(node))
    if ways not in ({"pattern", "becomes"}, {"table"}, {"format"}):
        raise PolicyError(
            f"{yaml_nodes.where(node)}: {name} has either a table, or pattern and becomes, or "
            f"format, not {', '.join(sorted(ways)) or 'nothing'}"
        )


_BASE = _record("camera without", camera=_TEXT, without=_list(_TEXT))


def _base(node: Node, name: str) -> None:
    (_BASE if yaml_nodes.is_mapping(node) else _TEXT)(node, name)


_VISIT = _record(
    **dict.fromkeys(
        (
            "exposure_id exposure_time dark_time date_begin date_middle ra dec radesys airmass "
            "azimuth altitude rotation rotation_type longitude latitude elevation air_temperature "
            "air_pressure humidity instrument focus_z observation_type science_program "
            "observation_reason object has_simulated_content"
        ).split(),
        _sources,
    )
)

_PARSE: Mapping[str, Shape] = {
    "translation": _table(_TEXT),
    "translators": _table(_translator),
    "defaults": _any_table,
    "hdu": _plain("a whole number", int, type(None)),
    "extnames": _list(_TEXT),
    "skippedExtnames": _list(_TEXT),
    "hduName": _TEXT,
    "orWhole": _TRUTH,
}
_REGISTER: Mapping[str, Shape] = {
    "table": _TEXT,
    "columns": _table(_TEXT),
    "unique": _list(_TEXT),
    "visit": _list(_TEXT),
    "dates": _list(_TEXT),
    "ignore": _TRUTH,
    "permissions": _WHOLE,
    "wait": _NUMBER,
}
_INGEST: Mapping[str, Shape] = {
    "parse": _record(**_PARSE),
    "register": _record(**_REGISTER),
    "filetypes": _table(_record(files=_table(_TEXT), columns=_list(_TEXT))),
    "allowError": _TRUTH,
    "clobber": _TRUTH,
    "strictFilters": _TRUTH,
}
_INGEST_CALIBS: Mapping[str, Shape] = {
    **_INGEST,
    "parse": _record(**_PARSE, datasets=_table(_table(_table(_TEXT)))),
    "register": _record(
        **_REGISTER,
        tables=_list(_TEXT),
        calibDate=_TEXT,
        validStart=_TEXT,
        validEnd=_TEXT,
        detector=_list(_TEXT),
        validityUntilSuperseded=_list(_TEXT),
        incrementValidEnd=_TRUTH,
    ),
    "detectors": _table(_TEXT),
}

# A pair of numbers: columns first.
_PAIR = _pair(_NUMBER)
# An amplifier in a detector.
_BOX = _many(_WHOLE, 4, "a box: its first column and row, and how many of each")
_AMPLIFIER = _record(
    "data overscan prescan postscan trimmed",
    **dict.fromkeys("data overscan prescan postscan trimmed raw".split(), _BOX),
    corner=_TEXT,
    flip=_pair(_TRUTH),
    **dict.fromkeys("gain read_noise saturation".split(), _NUMBER),
)


# A section of an image: a keyword, [x1:x2,y1:y2], or a box.
def _section(node: Node, name: str) -> None:
    (_BOX if yaml_nodes.is_list(node) else _TEXT)(node, name)


def _number_source(node: Node, name: str) -> None:
    single = _one_source(_SOURCE)
    if yaml_nodes.is_mapping(node):
        single(node, name)
    elif yaml_nodes.is_list(node):
        _list(_number_source)(node, name)
    else:
        _VALUE(node, name)


def _size(node: Node, name: str) -> None:
    (_pair(_WHOLE) if yaml_nodes.is_list(node) else _TEXT)(node, name)


def _values(node: Node, name: str) -> None:
    plain = _plain("text, a number or true or false", str, int, float, bool)
    (_list(plain) if yaml_nodes.is_list(node) else plain)(node, name)


_READ_OUT: Mapping[str, Shape] = {
    "hdu": _TEXT,
    **dict.fromkeys("data overscan prescan postscan trimmed".split(), _section),
    **dict.fromkeys("gain read_noise saturation".split(), _number_source),
    "flip": _pair(_TRUTH),
    "corner": _TEXT,
}


def _named_amplifiers(node: Node, name: str) -> None:
    if yaml_nodes.is_list(node):
        _list(_VALUE)(node, name)
    else:
        _table(_record(**_READ_OUT))(node, name)
    if not node.value:
        raise PolicyError(f"{yaml_nodes.where(node)}: {name} has no amplifiers")


_LAYOUT = _record(
    "amplifiers",
    **_READ_OUT,
    amplifiers=_named_amplifiers,
    name=_TEXT,
    when=_table(_values),
    size=_size,
    mosaic=_TRUTH,
    types=_list(_TEXT),
)

_FOCAL_PLANE = _record(
    "pixel scale reference offsets",
    name=_TEXT,
    pixel=_NUMBER,
    size=_pair(_WHOLE),
    scale=_NUMBER,
    toAngle=_list(_NUMBER),
    fromAngle=_list(_NUMBER),
    reference=_PAIR,
    flipX=_TRUTH,
    yaw=_NUMBER,
    offsets=_table(_table(_PAIR)),
    amplifiers=_table(_table(_AMPLIFIER)),
)
_VERSION = _record(
    "valid",
    valid=_many(
        _plain("a date", str, datetime.date, type(None)),
        2,
        "a pair: the first date, and the first date after the end",
    ),
    camera=_TEXT,
    focalPlane=_FOCAL_PLANE,
)


def _versions(node: Node, name: str) -> None:
    """Check that one geometry follows another: no date has none or two."""
    _list(_VERSION)(node, name)
    if not node.value:
        raise PolicyError(f"{yaml_nodes.where(node)}: {name} has no geometry")
    last: tuple[str | None, str] | None = None
    for each in node.value:
        begin, end = (_date(date, name) for date in yaml_nodes.items(each)["valid"].value)
        where = yaml_nodes.where(yaml_nodes.items(each)["valid"])
        if begin is not None and end is not None and begin >= end:
            raise PolicyError(f"{where}: {name}: {begin} to {end} contains no date")
        if not {"camera", "focalPlane"} & {*yaml_nodes.items(each)}:
            raise PolicyError(f"{where}: {name} needs a focalPlane or a camera")
        if last is not None and (begin is None or last[0] != begin):
            before, line = last
            if before is not None and begin is not None and before < begin:
                raise PolicyError(
                    f"{where}: {name} has a gap: none from {before} ({line}) to {begin}"
                )
            raise PolicyError(
                f"{where}: {name} overlap, or are not in order: one to {before or '...'} ({line}), "
                f"the next from {begin or '...'}"
            )
        last = end, where


def _date(node: Node, name: str) -> str | None:
    value = yaml_nodes.plain(node)
    if value is None:
        return None
    date = header_values.date(str(value))
    if date is None or len(date) != len("2024-03-01"):
        raise PolicyError(f"{yaml_nodes.where(node)}: {name}.valid: {value!r} is not a date")
    return date


# All top-level keys of a camera's file except the sections of dataset types. Other keys are
# unknown.
SETTINGS: Mapping[str, Shape] = {
    "camera": _TEXT,
    "defaultLevel": _TEXT,
    "defaultSubLevels": _table(_TEXT),
    "levels": _table(_words),
    "needCalibRegistry": _TRUTH,
    "calibRoot": _TEXT_OR_NONE,
    "registryPath": _TEXT_OR_NONE,
    "calibRegistryPath": _TEXT_OR_NONE,
    # Ours: doc/cameras.rst.
    "mapper": _words,
    "package": _TEXT,
    "base": _base,
    "kinds": _plain("a list or a mapping", list, dict),
    "aliases": _table(_TEXT),
    "shown": _table(_shown_value),
    "filters": _list(_FILTER),
    "identifiers": _record(
        exposure=_terms,
        exposureBits=_bits,
        coadd=_record("tract patch filter", tract=_bits, patch=_bits, filter=_bits),
        coaddBits=_bits,
        defaults=_table(_VALUE),
        codes=_table(_table(_WHOLE)),
    ),
    "detectors": _record(
        "key", key=_TEXT, name=_template, names=_names, numbers=_numbers, serial=_TEXT
    ),
    "amplifiers": _table(_record("at flip", name=_TEXT, at=_pair(_WHOLE), flip=_pair(_TRUTH))),
    "focalPlane": _FOCAL_PLANE,
    "geometry": _record("versions", key=_TEXT, versions=_versions),
    "readout": _record(gain=_VALUE, read_noise=_VALUE, saturation=_VALUE),
    "layouts": _list(_LAYOUT),
    "headers": _record(
        camera=_table(_list(_VALUE)),
        visit=_VISIT,
        **dict.fromkeys(("zeroPoint", "filter", "detector"), _sources),
    ),
    "values": _table(_list(_VALUE)),
    "index": _indexed,
    "ingest": _record(**_INGEST),
    "ingestCalibs": _record(**_INGEST_CALIBS, curated=_record(**_INGEST_CALIBS)),
    "stages": _table(_TEXT),
    "flavours": _table(_table(_TEXT)),
    # What Gen3 calls the camera: doc/gen3.rst.
    "gen3": _record(
        "instrument",
        **{"class": _TEXT, "instrument": _TEXT, "raw": _TEXT},
        exposures=_WHOLE,
        detectors=_WHOLE,
        dayOffset=_NUMBER,
    ),
    # Ignored by the last Gen2, too: paths, or data that were once in the policy itself.
    "skytiles": _TEXT_OR_TABLE,
    "defects": _TEXT_OR_TABLE,
    "registries": _TEXT_OR_TABLE,
}


def check_ingest(top: Mapping[str, Node]) -> None:
    """Check the translators of an ingest file, which is not a camera's whole file.

    Raises
    ------
    PolicyError
        As for `check`.
    """
    curated = yaml_nodes.items(top["curated"]) if "curated" in top else {}
    for part in (top, curated):
        said = yaml_nodes.items(part.get("parse"))
        if "translators" in said:
            _table(_translator)(said["translators"], "parse.translators")


def check(layer: Mapping[str, Node]) -> None:
    """Check the settings of one file.

    Raises
    ------
    PolicyError
        If a key is unknown, or a value has the wrong shape; the message starts with file and line.
    """
    for key, node in layer.items():
        if key in SETTINGS:
            SETTINGS[key](node, key)
        elif key not in SECTIONS:
            hint = did_you_mean(key, [*SECTIONS, *SETTINGS])
            raise PolicyError(f"{yaml_nodes.where(node)}: unknown key {key!r}{hint}")
