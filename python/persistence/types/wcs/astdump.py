"""AST's text dumps: objects with values, which may be objects (doc/gen2/afw-files.md 2.2).

AST is Starlink's library of coordinate systems; afw stores its objects as dumps.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from persistence.errors import FormatterError

# A value is a string in quotes, which are doubled inside, or one word. A comment may follow.
_VALUE = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"]|"")*)"|([^\s"#]\S*))?\s*(?:#.*)?')
_BLOCK = re.compile(r"(Begin|End|IsA)\s+(\w+)\s*(?:#.*)?")
# Real dumps have a dozen levels.
_DEEPEST = 100


@dataclass(frozen=True, eq=False)
class Dump:
    """An object of a dump.

    Attributes
    ----------
    name : `str`
        AST's name of its class.
    values : mapping [`str`, `str` or `Dump`]
        Its values, by names in lower case, because AST ignores case. Values equal to AST's defaults
        are not written.
    """

    name: str
    values: Mapping[str, str | Dump]

    def number(self, name: str, default: float) -> float:
        """Return a number, or AST's default if it is not written."""
        found = self.values.get(name.lower())
        try:
            return default if found is None else float(found)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise FormatterError(
                f"{name} of AST's {self.name} is not a number: {found!r}"
            ) from None

    def integer(self, name: str, default: int) -> int:
        """Return an integer, or AST's default if it is not written."""
        found = float(self.number(name, default))
        if not found.is_integer():
            raise FormatterError(f"{name} of AST's {self.name} is not an integer: {found!r}")
        return int(found)

    def text(self, name: str, default: str = "") -> str:
        """Return a text, or AST's default if it is not written."""
        found = self.values.get(name.lower(), default)
        return found if isinstance(found, str) else default

    def inner(self, name: str) -> Dump:
        """Return an object inside this one.

        Raises
        ------
        FormatterError
            If it is missing.
        """
        found = self.values.get(name.lower())
        if not isinstance(found, Dump):
            raise FormatterError(f"AST's {self.name} lacks its {name}")
        return found


def parse(text: str) -> Dump:
    """Parse a dump.

    Raises
    ------
    FormatterError
        If it is not one complete object; the message shows the line.
    """
    top: dict[str, str | Dump] = {}
    blocks: list[tuple[str, dict[str, str | Dump], str]] = [("", top, "")]
    key = "top"
    for line in filter(None, map(str.strip, text.splitlines())):
        if line.startswith("#"):  # a default, written as a comment
            continue
        if block := _BLOCK.fullmatch(line):
            if block[1] == "Begin":
                blocks.append((block[2], {}, _fresh(key, blocks[-1][1], line)))
                if len(blocks) > _DEEPEST:
                    raise FormatterError(f"an AST dump is nested more than {_DEEPEST} deep")
            elif block[1] == "End":
                _close(blocks, block[2])
            key = ""
        elif value := _VALUE.fullmatch(line):
            key = value[1].lower()
            if value[2] is not None or value[3] is not None:
                blocks[-1][1][key] = value[3] or (value[2] or "").replace('""', '"')
        else:
            raise FormatterError(f"a line of an AST dump is invalid: {line!r}")
    if len(blocks) > 1 or not isinstance(top.get("top"), Dump):
        raise FormatterError(
            "an AST dump ends inside "
            f"{' in '.join(name for name, *_ in blocks[:0:-1]) or 'nothing'}"
        )
    return top["top"]  # type: ignore[return-value]


def _fresh(key: str, values: Mapping[str, str | Dump], line: str) -> str:
    if not key or key in values:
        raise FormatterError(f"an AST dump has an object without a name: {line!r}")
    return key


def _close(blocks: list[tuple[str, dict[str, str | Dump], str]], name: str) -> None:
    opened, values, key = blocks.pop()
    if opened != name or not blocks:
        raise FormatterError(f"an AST dump ends {name!r} where {opened or 'nothing'!r} was begun")
    blocks[-1][1][key] = Dump(opened, values)
