"""Path templates: data ID -> path text, and back.

A template is a Gen2 path with printf fields, ``%(visit)07d/calexp-%(visit)07d_%(ccdnum)02d.fits``,
perhaps with an HDU in brackets at its end, ``[%(hdu)d]``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from persistence.dataids.dataid import cast
from persistence.errors import DataIdError, IncompleteDataId, TemplateError

# Conversion character -> type of the key, as Gen2 typed them.
_KINDS: dict[str, type] = (
    dict.fromkeys("diouxX", int) | dict.fromkeys("eEfFgG", float) | dict.fromkeys("cs", str)
)
# No path in a repository begins like this: it is absolute, or empty.
_SLASH = ("/", "")
_BASES = {"o": 8, "x": 16, "X": 16}
_FIELD = re.compile(r"%(?:%|\((\w+)\)([#0\- +]*\d*(?:\.\d+)?)([a-zA-Z]))")
# The characters in the text of each type; loose, because values are formatted again to check them.
_SHAPES = {int: r"[ +\-0-9a-fA-FxXo]+", float: r"[ +\-0-9.einfaEINFA]+", str: r"[^/]*"}


class Field(NamedTuple):
    """One ``%(name)07d`` of a template."""

    name: str
    printf: str
    kind: type
    conversion: str

    @property
    def lossless(self) -> bool:
        """Whether each value can be read back from its text (``%s``, ``%07d``)."""
        return (self.kind is int and self.conversion != "c") or self.printf == f"%({self.name})s"

    def show(self, value: Any) -> str:
        """Return the text of a value in this field."""
        return self.printf % {self.name: value}

    def read(self, text: str) -> Any:
        """Return the value whose text in this field is this one, or None.

        ``7`` does not match ``%02d``, which writes ``07``.
        """
        try:
            value: Any
            if self.kind is int:
                value = int(text, _BASES.get(self.conversion, 10))
            else:
                value = self.kind(text) if self.kind is float else text
            return value if self.show(value) == text else None
        except (ValueError, TypeError):
            return None


Piece = str | Field


def is_suspect(path: str) -> bool:
    """Return whether a path may leave the repository or be invalid, and needs a full check."""
    return (
        ".." in path
        or "//" in path
        or "\0" in path
        or path[:1] in _SLASH
        or path[-1] == "/"
        or not (path.isascii() or _is_encodable(path))
    )


def _is_encodable(path: str) -> bool:
    """Return whether a path can be the name of a file; a lone surrogate cannot."""
    try:
        os.fsencode(path)
    except UnicodeEncodeError:
        return False
    return True


class PathTemplate:
    """A path template, parsed once.

    Parameters
    ----------
    text : `str`
        The template, relative to the repository; ``%%`` is a percent sign.

    Attributes
    ----------
    keys : `dict` [`str`, `type`]
        The keys of the data ID that the template uses, with their types, in order.
    hdu_keys : `tuple` [`str`]
        The keys that only the HDU uses, not the file's path.
    file_text : `str`
        The template of the file alone, without the HDU.

    Raises
    ------
    TemplateError
        If a ``%`` begins no known field, or the path is absolute.

    Examples
    --------
    >>> from persistence import PathTemplate
    >>> template = PathTemplate("%(visit)07d/raw-%(ccdnum)02d.fits")
    >>> template.format({"visit": 410877, "ccdnum": 28})
    '0410877/raw-28.fits'
    >>> template.parse("0410877/raw-28.fits")
    {'visit': 410877, 'ccdnum': 28}
    """

    __slots__ = (
        "_exact",
        "_hdu_text",
        "_lossy",
        "_regex",
        "file_text",
        "hdu_keys",
        "keys",
        "text",
    )

    def __init__(self, text: str) -> None:
        self.text = text
        if text.startswith("/"):
            raise TemplateError(
                f"template {text!r} is absolute; it has to be relative to the repository"
            )
        self.file_text, self._hdu_text = text, ""
        if text.endswith("]") and "[" in text:
            self.file_text, bracket = text[:-1].rsplit("[", 1)
            self._hdu_text = bracket
            if "%" not in bracket and not bracket.isdecimal():
                raise TemplateError(
                    f"template {text!r}: the brackets at the end have to contain the HDU's number"
                )
        self.keys: dict[str, type] = {}
        self.hdu_keys: tuple[str, ...] = ()
        lossy = False
        for name, flags, conversion in _FIELD.findall(text):
            if name:
                kind = _KINDS.get(conversion)
                if kind is None or self.keys.setdefault(name, kind) is not kind:
                    split(text)  # raises the error about an unknown conversion
                    raise TemplateError(f"template {text!r} uses {name} with two types")
                lossy = (
                    lossy or kind is float or (kind is str and (flags != "" or conversion == "c"))
                )
        if self._hdu_text:
            in_path = {name for name, _, _ in _FIELD.findall(self.file_text)}
            self.hdu_keys = tuple(key for key in self.keys if key not in in_path)
        if "%" in _FIELD.sub("", text):
            split(text)
        self._lossy = tuple(_lossy(text)) if lossy else ()
        self._regex: re.Pattern[str] | None = None
        self._exact: bool | None = None

    def __repr__(self) -> str:
        return f"PathTemplate({self.text!r})"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, PathTemplate) and other.text == self.text

    def __hash__(self) -> int:
        return hash(self.text)

    def __reduce__(self) -> tuple[Any, ...]:
        return PathTemplate, (self.text,)

    @property
    def is_lossless(self) -> bool:
        """Whether all values can be read back from their text, so that paths need no check."""
        return not self._lossy

    @property
    def components(self) -> tuple[tuple[Piece, ...], ...]:
        """The pieces, text or `Field`, of each part of the file's path between slashes."""
        return tuple(tuple(split(part)) for part in self.file_text.split("/"))

    # -- data ID -> path ---------------------------------------------------------------------------

    def format(self, data_id: Mapping[str, Any]) -> str:
        """Return the path of a data ID, relative to the repository, with any HDU in brackets.

        Parameters
        ----------
        data_id : mapping
            Keys and values; keys that the template does not use are ignored.

        Returns
        -------
        `str`
            The path.

        Raises
        ------
        IncompleteDataId
            If the data ID lacks a key of the template.
        DataIdError
            If a value has another type, would lead out of the repository, or loses digits in its
            field.
        """
        return self._show(self.text, data_id)

    def locate(self, data_id: Mapping[str, Any]) -> tuple[str, int | None]:
        """Return the path of the file alone, and the HDU in it.

        Parameters
        ----------
        data_id : mapping
            As for `format`, which raises the same errors.

        Returns
        -------
        `tuple` [`str`, `int` or `None`]
            The path relative to the repository, and the HDU's number, counted from 0; None if the
            template has none.
        """
        path = self._show(self.file_text, data_id)
        return path, self.hdu(self._values(data_id)) if self._hdu_text else None

    def hdu(self, values: Mapping[str, Any]) -> int | None:
        """Return the HDU that the template names in brackets at its end.

        Parameters
        ----------
        values : mapping
            Keys and values; the values have their keys' types.

        Returns
        -------
        `int` or `None`
            The HDU's number, counted from 0; None if the template has none.
        """
        return int(self._hdu_text % values) if self._hdu_text else None

    def _values(self, data_id: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return the data ID with values of their keys' types; itself if they are right already."""
        values: Mapping[str, Any] = data_id
        for key, kind in self.keys.items():
            try:
                value = data_id[key]
            except KeyError:
                missing = [name for name in self.keys if name not in data_id]
                raise IncompleteDataId(
                    "Incomplete data ID:",
                    self.text,
                    data_id,
                    [f"needs  {', '.join(missing)}"],
                ) from None
            if type(value) is not kind:
                values = {**values, key: cast(key, value, kind)}
        return values

    def _show(self, text: str, data_id: Mapping[str, Any]) -> str:
        values = self._values(data_id)
        for field in self._lossy:
            value = values[field.name]
            try:
                shown = field.show(value)
            except TypeError:
                shown = ""
            if field.read(shown) != value:
                raise DataIdError(
                    f"{field.name}={value!r} cannot be read back from {shown!r}, its text "
                    f"in {self.text}"
                )
        path = text % values
        if is_suspect(path):
            self._refuse_escape(path, values)
        return path

    def _refuse_escape(self, path: str, values: Mapping[str, Any]) -> None:
        parts = path.split("/")
        trailing = self.text.endswith("/")  # a few templates name a directory
        empty = "" in (parts[:-1] if trailing else parts)
        culprits = {key: values[key] for key in self.keys if self.keys[key] is str}
        if path.startswith("/") or ".." in parts or "\0" in path or empty:
            raise DataIdError(
                f"{culprits} would result in the path {path!r}, which is not inside the repository"
            )
        if not _is_encodable(path):
            raise DataIdError(f"{culprits} would result in {path!r}, which cannot be a path")

    # -- path -> data ID ---------------------------------------------------------------------------

    def parse(self, path: str) -> dict[str, Any] | None:
        """Return the data ID of a path, as `format` writes it.

        Parameters
        ----------
        path : `str`
            The path, relative to the repository, with any HDU in brackets.

        Returns
        -------
        `dict` [`str`, object] or `None`
            The keys and values; None if the path does not match the template.

        Raises
        ------
        TemplateError
            If several data IDs have this path, for example where nothing separates two fields.
        """
        if self._regex is None:
            self._compile()
        assert self._regex is not None
        if self._exact:
            match = self._regex.fullmatch(path)
            if match is not None:
                return self._read_groups(match)
        readings_of_path = list(self.candidates(path))
        if len(readings_of_path) > 1:
            shown = ", ".join(map(str, readings_of_path[:3]))
            raise TemplateError(f"{path!r} fits {self.text!r} in several ways: {shown}")
        return readings_of_path[0] if readings_of_path else None

    def candidates(self, path: str) -> Iterator[dict[str, Any]]:
        """Return an iterator over the data IDs that have this path.

        Parameters
        ----------
        path : `str`
            As for `parse`.

        Returns
        -------
        iterator of `dict` [`str`, object]
            Keys and values of each. Values contain a slash only if the path has more slashes than
            the template.
        """
        pieces = split(self.text)
        own = sum(piece.count("/") for piece in pieces if isinstance(piece, str))
        return readings(pieces, path, {}, slashes=path.count("/") > own)

    def _read_groups(self, match: re.Match[str]) -> dict[str, Any] | None:
        fields = {
            piece.name: piece for piece in reversed(split(self.text)) if isinstance(piece, Field)
        }
        values = {
            name: fields[name].read(text)
            for name, text in zip(self.keys, match.groups(), strict=True)
        }
        return None if None in values.values() else values

    def _compile(self) -> None:
        """Compile the regular expression, and determine whether it can match in one way only.

        It can if each component of the path has one new field, or only integers with separators
        that no integer contains; and if a repeated key has the same format.
        """
        regex, exact = "", True
        groups: dict[str, tuple[int, str]] = {}
        kinds: list[type] = []
        gap = "/"
        for piece in split(self.text):
            if isinstance(piece, str):
                regex += re.escape(piece)
                gap += piece
                continue
            if piece.name in groups:
                number, printf = groups[piece.name]
                exact = exact and printf == piece.printf
                regex += f"\\{number}"
            else:
                kinds = [piece.kind] if "/" in gap else [*kinds, piece.kind]
                between = gap.rsplit("/", 1)[-1]
                separated = between != "" and re.match(_SHAPES[int], between) is None
                exact = exact and (len(kinds) == 1 or (set(kinds) == {int} and separated))
                groups[piece.name] = (len(groups) + 1, piece.printf)
                regex += f"({_SHAPES[piece.kind]})"
            gap = ""
        self._regex, self._exact = re.compile(regex), exact


def split(text: str) -> list[Piece]:
    """Split a template into literal text and fields."""
    pieces: list[Piece] = []
    position = 0
    for match in _FIELD.finditer(text):
        _literal(pieces, text[position : match.start()], text)
        name, _flags, conversion = match.groups()
        if name is None:
            _literal(pieces, "%", text, escaped=True)
        elif conversion in _KINDS:
            pieces.append(Field(name, match.group(), _KINDS[conversion], conversion))
        else:
            raise TemplateError(f"template {text!r}: {match.group()!r} has an unknown conversion")
        position = match.end()
    _literal(pieces, text[position:], text)
    return pieces


def _lossy(text: str) -> Iterator[Field]:
    return (piece for piece in split(text) if isinstance(piece, Field) and not piece.lossless)


def _literal(pieces: list[Piece], literal: str, text: str, escaped: bool = False) -> None:
    if "%" in literal and not escaped:
        raise TemplateError(
            f"template {text!r}: '%' at {literal!r} does not begin a field; write %% for a percent"
        )
    if literal and pieces and isinstance(pieces[-1], str):
        pieces[-1] += literal
    elif literal:
        pieces.append(literal)


def readings(
    pieces: Sequence[Piece], text: str, found: dict[str, Any], slashes: bool
) -> Iterator[dict[str, Any]]:
    """Yield each way to divide a text among pieces, consistent with the known values.

    Parameters
    ----------
    pieces : sequence of `Piece`
        Literal text and fields, as `split` returns them.
    text : `str`
        The text of all pieces together.
    found : `dict` [`str`, object]
        Known values: their fields have to show exactly these.
    slashes : `bool`
        Whether a value may contain a slash.
    """
    if not pieces:
        if not text:
            yield dict(found)
        return
    head, rest = pieces[0], pieces[1:]
    if isinstance(head, Field) and head.name in found:
        head = head.show(found[head.name])
    if isinstance(head, str):
        if text.startswith(head):
            yield from readings(rest, text[len(head) :], found, slashes)
        return
    longest = len(text) if slashes else (text + "/").index("/")
    # Numbers are greedy and texts are not, as in scanf.
    ends = range(longest + 1) if head.kind is str else range(longest, 0, -1)
    for end in ends:
        value = head.read(text[:end])
        if value is not None:
            yield from readings(rest, text[end:], {**found, head.name: value}, slashes)
