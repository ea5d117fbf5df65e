"""What notebooks show of our objects: HTML that a parser of another author finds whole and harmless."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import given
from hypothesis import strategies as st

from persistence import Butler, Config, Exposure, Mask, PropertyList, PropertySet, notebook
from persistence.butler.answers import TypeNames, Values
from persistence.calibs.explain import Candidate, Explanation
from persistence.errors import FormatterError, NoResults, PersistenceError
from persistence.notebook import Html
from persistence.types.exposure.visitinfo import VisitInfo
from persistence.types.metadata.difference import differences
from persistence.types.table.catalog import Catalog

HOSTILE = "</td></table><script>alert(1)</script><img src=x onerror='alert(2)'>\"&amp;\x1b[31m\u202e\udcff"
# What our pages are built of, and attributes of them.
TAGS = {
    "div", "span", "b", "i", "pre", "code", "table", "thead", "tbody", "tr", "th", "td", "details",
    "summary", "img", "br",
}  # fmt: skip
ATTRIBUTES = {"style", "src", "alt", "width", "colspan", "open"}


class Page(HTMLParser):
    """Reads a page, and refuses one whose elements are not closed in order."""

    def __init__(self, page: str) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[str] = []
        self.words: list[str] = []
        self.images: list[bytes] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        assert tag in TAGS
        assert given.keys() <= ATTRIBUTES
        if tag == "img":
            kind, _, data = (given["src"] or "").partition(",")
            assert kind == "data:image/png;base64"
            self.images.append(base64.b64decode(data, validate=True))
        elif tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.words).split())


def header() -> fits.Header:
    cards = {"OBJECT": "<script>alert(1)</script>", "FILTER": "<b>g", "EXPTIME": 30.0}
    return fits.Header(cards)


def exposure(shape: tuple[int, ...] = (30, 40), dtype: str = "f4", **more: Any) -> Exposure:
    pixels = np.random.default_rng(1).normal(1000.0, 10.0, shape).astype(dtype)
    return Exposure(pixels, header(), **more)


def flags(shape: tuple[int, ...] = (30, 40)) -> Mask:
    array = np.zeros(shape, np.int32)
    array[3, 4], array[5, 6], array[7, 8] = 1, 2, 1 << 20
    return Mask(array, {"BAD": 0, HOSTILE: 1})


def catalog() -> Catalog:
    aliases = {"slot_Centroid": "centre"}
    table = Catalog({"id": [1, 2], "centre_x": [1.5, np.nan], HOSTILE: [HOSTILE, "b"]})
    table["centre_x"].unit, table["centre_x"].info.description = "pixel", HOSTILE
    table.meta["aliases"] = aliases
    return table


EXPLANATION = Explanation(
    HOSTILE, {"visit": HOSTILE}, None,
    (Candidate({"calibDate": HOSTILE}, HOSTILE, (HOSTILE,), 3), Candidate({"ccdnum": 1}, None, (), 0)),
    HOSTILE,
)  # fmt: skip
SHOWN: dict[str, tuple[Callable[[], Any], str]] = {
    "an exposure": (lambda: exposure(mask=flags()), "filter <b>g"),
    "an exposure with a hostile data ID": (lambda: exposure(dataId={HOSTILE: HOSTILE}), "<script>"),
    "an exposure with no finite pixel": (lambda: exposure(dtype="f4").replaced(image=np.full((3, 4), np.nan)), "no finite"),
    "an exposure without pixels": (lambda: exposure((0, 7)), "7 x 0"),
    "an exposure of one axis": (lambda: exposure((7,)), "of 7 pixels"),
    "a cube": (lambda: exposure((2, 5, 6)), "6 x 5 x 2"),
    "complex numbers": (lambda: exposure(dtype="c8"), "complex64"),
    "big-endian integers": (lambda: exposure(dtype=">i2"), "int16"),
    "unsigned integers": (lambda: exposure(dtype="u2"), "uint16"),
    "a mask": (flags, "bit 20 no name"),
    "a mask without pixels": (lambda: Mask(np.zeros((0, 4), np.int32), {"BAD": 0}), "4 x 0"),
    "a catalog": (catalog, "slot_Centroid_x pix"),
    "a catalog without rows": (lambda: catalog()[:0], "0 rows"),
    "a catalog without columns": (Catalog, "0 columns"),
    "a configuration": (lambda: Config({"isr.doBias": True, "isr.x": HOSTILE, "indexer['HTM'].depth": 7, "isr": HOSTILE}, HOSTILE), "isr (3)"),
    "a difference": (lambda: Config({"a": HOSTILE}).diff(Config({"b": 2})), "missing"),
    "no difference": (lambda: differences({}, {}), "no differences"),
    "properties": (lambda: PropertySet({"a.b": HOSTILE, "c": [1, 2]}, lost=["?"]), "1 entries could not be read"),
    "a header": (lambda: PropertyList({"OBJECT": HOSTILE}), "String"),
    "a visit": (lambda: VisitInfo(exposure_time=30.0, object=HOSTILE), "exposure_time 30.0 s"),
    "an explanation": (lambda: EXPLANATION, "chosen"),
    "an error": (lambda: FormatterError(HOSTILE), "FormatterError"),
    "an error without a text": (PersistenceError, "PersistenceError"),
    "nothing found": (lambda: NoResults("No", HOSTILE, {"a": HOSTILE}, [HOSTILE]), "NoResults"),
    "values": (lambda: Values([(1, HOSTILE)], ["visit", HOSTILE]), "visit"),
    "names": (lambda: TypeNames({"calexp", "calexp_md", HOSTILE}, {"calexp_md": "calexp"}), "calexp _md"),
}  # fmt: skip


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_whole_and_nothing_in_it_becomes_markup(name: str) -> None:
    make, words = SHOWN[name]
    page = make()._repr_html_()
    shown = Page(page)
    assert words in shown.text
    assert "cannot be shown better" not in shown.text
    page.encode()  # no surrogates
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f\u202e]", page)


def test_a_butler_shows_its_repositories_and_types_and_what_is_counted(own: Path) -> None:
    butler = Butler(own)
    before = Page(butler._repr_html_())
    assert str(own) in before.text
    assert "butler.index.refresh()" in before.text
    butler.index.refresh()
    after = Page(butler._repr_html_())
    files = len(list(own.glob("20*/**/*.fits*")))
    assert re.search(rf"exposures: \d+ dataset types, {files} files", after.text)
    assert re.search(rf"raw {files} ", after.text)
    assert "not counted" not in after.text


def test_a_subset_and_its_references_show_data_ids(butler: Butler) -> None:
    subset = butler.subset("raw", visit=410877)
    shown = Page(subset._repr_html_())
    assert f"of raw , visit=410877: {len(subset)} data IDs".replace(" ,", ",") in shown.text
    assert "the first 20 of" in shown.text
    reference = next(iter(subset))
    assert reference.getUri() in Page(reference._repr_html_()).text
    written = next(iter(butler.subset("calexp", visit=410877, ccdnum=28)))
    assert "is not there" in Page(written._repr_html_()).text


def test_what_cannot_be_shown_shows_itself_and_the_reason() -> None:
    class Odd:
        @notebook.shows
        def _repr_html_(self) -> Html:
            raise ValueError(HOSTILE)

        def __repr__(self) -> str:
            raise OSError

    shown = Page(Odd()._repr_html_())
    assert "OSError while it was shown" in shown.text
    assert "ValueError: </td>" in shown.text


@given(st.text())
def test_every_text_comes_back_without_control_characters(text: str) -> None:
    shown = Page(notebook.tag("b", text))
    plain = "".join(letter if letter.isprintable() else " " for letter in text[: notebook.LETTERS])
    whole = "".join(shown.words)
    assert whole == plain or (len(text) > notebook.LETTERS and whole[:-1] == plain[:-1])


def test_objects_with_afws_names_show_what_ours_do(filled: Path) -> None:
    import lsst.daf.persistence as gen2

    raw = gen2.Butler(str(filled)).get("raw", visit=410877, ccdnum=28)
    shown = Page(raw._repr_html_())
    assert len(shown.images) == 1
    assert "visit=410877" in shown.text
    assert "VisitInfo" in Page(raw.getInfo().getVisitInfo()._repr_html_()).text


def test_long_things_are_cut() -> None:
    assert len(Page(notebook.table([("x" * 10**5,)])).text) == notebook.LETTERS
    shown = Page(notebook.table(((number,) for number in range(10**4)), ["number"]))
    assert shown.text.endswith("199 …")


def test_the_picture_of_a_whole_chip_is_small() -> None:
    shape = (1024, 512)  # in bins of 2 pixels it is as large as any
    noisy = Exposure(np.random.default_rng(1).normal(0, 1, shape).astype("f4"), header())
    page = noisy._repr_html_()
    assert len(page) < 200_000
    (data,) = Page(page).images
    from matplotlib.image import imread  # the reader is another author's

    assert imread(io.BytesIO(data)).shape[:2] == (512, 256)


def test_the_repr_of_what_has_pixels_is_its_summary() -> None:
    shown = exposure(mask=flags())
    assert repr(shown) == str(shown)
    assert repr(flags()) == str(flags())
    assert "exposure_time  30.0 s" in repr(VisitInfo(exposure_time=30.0))
