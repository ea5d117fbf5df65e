"""HTML for notebooks, which ``_repr_html_`` of our classes is built of.

What is no `Html` is text, and is escaped: names of files and values of headers are other people's.
Nothing here has a style sheet or a script, for notebooks that are not trusted show neither.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

_T = TypeVar("_T")
# So many letters of a text, and rows of a table, are shown.
LETTERS, ROWS = 300, 200
_ESCAPES = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"})
_LEFT = "text-align:left;vertical-align:top"


class Html(str):
    """A text that is HTML: it is not escaped again."""

    __slots__ = ()


def escape(value: Any, letters: int = LETTERS) -> Html:
    """Return a value as HTML: escaped, on one line, without control characters, and not too long.

    Parameters
    ----------
    value : object
        `Html` stays as it is; of anything else, its ``str``; None is empty.
    letters : `int`
        So many are shown of a text.
    """
    if isinstance(value, Html):
        return value
    text = "" if value is None else str(value)
    shown = text if len(text) <= letters else f"{text[: letters - 1]}…"
    plain = "".join(letter if letter.isprintable() else " " for letter in shown)
    return Html(plain.translate(_ESCAPES))


def join(parts: Iterable[Any], between: str = "") -> Html:
    """Return parts as HTML, one after the other."""
    return Html(between.translate(_ESCAPES).join(map(escape, parts)))


def tag(name: str, *parts: Any, **attributes: str) -> Html:
    """Return an element of HTML.

    Parameters
    ----------
    name : `str`
        Such as ``b``.
    *parts
        What it holds.
    **attributes
        Such as ``style``; values are escaped.
    """
    given = "".join(f' {key}="{value.translate(_ESCAPES)}"' for key, value in attributes.items())
    return Html(f"<{name}{given}>{join(parts)}</{name}>")


def title(name: str, rest: Any = "") -> Html:
    """Return the first line: what a thing is, and what is most to be known of it."""
    return tag("div", tag("b", name), " " if rest else "", rest)


def text(words: Any) -> Html:
    """Return a text of several lines, shown as it stands."""
    lines = [escape(line) for line in itertools.islice(str(words).split("\n"), ROWS)]
    return tag("pre", Html("\n".join(lines)), style="margin:0")


def table(rows: Iterable[Sequence[Any]], head: Sequence[Any] = ()) -> Html:
    """Return a table.

    Parameters
    ----------
    rows : iterable of sequence
        The cells of each row; the first `ROWS` are shown.
    head : sequence, optional
        The names of the columns.
    """
    every = iter(rows)
    shown = [_row("td", cells) for cells in itertools.islice(every, ROWS)]
    columns = len(head) or 1
    if next(every, None) is not None:
        shown.append(Html(f'<tr><td colspan="{columns}">…</td></tr>'))
    top = tag("thead", _row("th", head)) if head else Html()
    return tag("table", top, tag("tbody", *shown))


def _row(kind: str, cells: Iterable[Any]) -> Html:
    return tag("tr", *(tag(kind, cell, style=_LEFT) for cell in cells))


def pairs(values: Mapping[Any, Any] | Iterable[tuple[Any, Any]]) -> Html:
    """Return names and values, below each other."""
    items = values.items() if isinstance(values, Mapping) else values
    return table([(tag("b", name), value) for name, value in items])


def details(summary: Any, *parts: Any, is_open: bool = False) -> Html:
    """Return what is shown when its summary is clicked on."""
    state = " open" if is_open else ""
    return Html(f"<details{state}>{tag('summary', summary)}{join(parts)}</details>")


def beside(*parts: Any) -> Html:
    """Return parts next to each other, as far as there is room."""
    cells = [tag("div", part) for part in parts]
    return tag("div", *cells, style="display:flex;flex-wrap:wrap;gap:1em;align-items:flex-start")


def swatch(colour: str) -> Html:
    """Return a small square of a colour, for a legend."""
    return tag("span", Html("&emsp;"), style=f"background:{colour};border:1px solid #888")


def image(png: bytes, description: str, width: int) -> Html:
    """Return a picture, which lies in the page.

    Parameters
    ----------
    png : `bytes`
        The picture, as a PNG file.
    description : `str`
        For those who cannot see it.
    width : `int`
        How wide it is shown (pixels of the screen).
    """
    import base64  # lazy: few things have a picture

    data = base64.b64encode(png).decode()
    style = "image-rendering:pixelated;max-width:100%"
    alt = description.translate(_ESCAPES)
    return Html(
        f'<img src="data:image/png;base64,{data}" alt="{alt}" width="{width:d}" style="{style}">'
    )


def shows(build: Callable[[_T], Any]) -> Callable[[_T], str]:
    """Return a method ``_repr_html_`` that never raises an error.

    What cannot be shown is shown by its ``repr``, with the reason.
    """

    @functools.wraps(build)
    def _repr_html_(self: _T) -> str:
        try:
            return str(tag("div", build(self)))
        except Exception as error:  # a notebook would show nothing at all
            return str(_instead(self, error))

    return _repr_html_


def _instead(obj: object, error: Exception) -> Html:
    shown = []
    tellers: list[Callable[[], str]] = [
        lambda: repr(obj),
        lambda: f"{type(error).__name__}: {error}",
    ]
    for tell in tellers:
        try:
            shown.append(tell())
        except Exception as other:  # whoever made the object made this, too
            shown.append(f"{type(other).__name__} while it was shown")
    return tag("div", text(shown[0]), tag("i", "cannot be shown better: ", shown[1]))
