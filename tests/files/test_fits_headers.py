"""FITS headers read fast: the same values as astropy's, and every kind of damage said with the file's name."""

from __future__ import annotations

import gzip
import io
import itertools
import os
import warnings
from pathlib import Path

import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from obs_decam.sample import generate
from persistence.errors import FormatterError
from persistence.files import fits_headers
from persistence.files.fits_headers import Cards, scan

COMMENTARY = ("", "COMMENT", "HISTORY", "END", "CONTINUE")
PRIMARY = ["SIMPLE  =                    T", "BITPIX  =                    8"]
EMPTY = [*PRIMARY, "NAXIS   =                    0"]
EXTENSION = ["XTENSION= 'IMAGE   '", "BITPIX  =                    8", "PCOUNT  = 0", "GCOUNT  = 1"]


def block(*cards: str) -> bytes:
    text = "".join(card.ljust(80) for card in cards) + "END".ljust(80)
    return text.ljust(-(-len(text) // 2880) * 2880).encode("latin-1")


def put(folder: Path, *parts: bytes, name: str = "file.fits") -> str:
    (folder / name).write_bytes(b"".join(parts))
    return str(folder / name)


def first_cards(header: fits.Header) -> dict[str, object]:
    """Return what astropy reads, of a keyword that is there twice the first; undefined values are None."""
    found: dict[str, object] = {}
    for card in header.cards:
        if card.keyword not in COMMENTARY:
            value = None if isinstance(card.value, fits.card.Undefined) else card.value
            found.setdefault(card.keyword.upper(), value)
    return found


def assert_same(cards: Cards, header: fits.Header) -> int:
    expected = first_cards(header)
    assert {name for name in cards if name not in COMMENTARY} == set(expected)
    for keyword, value in expected.items():
        assert type(cards[keyword]) is type(value), keyword
        assert cards[keyword] == value, keyword
    return len(expected)


@pytest.mark.real
@pytest.mark.filterwarnings("ignore::astropy.io.fits.verify.VerifyWarning")
def test_every_card_of_the_real_files_has_astropys_value(real):
    compared = 0
    for path in sorted(real.rglob("*.fits*")):
        if path.stat().st_size:
            with fits.open(path, memmap=False, disable_image_compression=True) as hdus:
                found = list(scan(str(path)))
                assert len(found) == len(hdus), path
                compared += sum(
                    assert_same(cards, hdu.header) for cards, hdu in zip(found, hdus, strict=True)
                )
    assert compared > 20000


# Keywords begin with Q, for others mean something to astropy.
KEYWORDS = st.from_regex(r"Q[A-Z0-9_-]{0,7}", fullmatch=True)
LONG = st.from_regex(r"Q[A-Z0-9]{8,12}( [A-Z0-9]{1,6})?", fullmatch=True)
PRINTABLE = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=150)
NUMBERS = st.integers(-(10**18), 10**18) | st.floats(allow_nan=False, allow_infinity=False)
VALUES = st.booleans() | NUMBERS | PRINTABLE | st.none()


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    cards=st.lists(
        st.tuples(KEYWORDS, VALUES, st.sampled_from(["", "a comment", "it's / odd"]))
        | st.tuples(
            LONG,
            st.booleans() | st.integers(-999, 999) | st.text("ab' /&", max_size=20),
            st.just(""),
        )
        | st.tuples(
            st.sampled_from(["COMMENT", "HISTORY"]),
            PRINTABLE.map(lambda text: text[:70]),
            st.just(""),
        ),
        max_size=50,
    )
)
def test_a_header_that_astropy_writes_has_the_same_values(tmp_path, cards):
    path = str(tmp_path / "file.fits")
    with warnings.catch_warnings():
        # of keywords that become HIERARCH, and of comments that are cut off
        warnings.simplefilter("ignore", fits.verify.VerifyWarning)
        header = fits.Header()
        for card in cards:
            header.append(card, end=True)
        fits.PrimaryHDU(header=header).writeto(path, overwrite=True)
        (found,) = scan(path)
        # Texts are compared with what was given: astropy loses some that hold a quote.
        expected = first_cards(header)
        with fits.open(path) as hdus:
            expected |= {
                key: value
                for key, value in first_cards(hdus[0].header).items()
                if type(value) is not str
            }
    assert {key: value for key, value in found.items() if key not in COMMENTARY} == {
        key: value.rstrip() if isinstance(value, str) else value for key, value in expected.items()
    }


@pytest.mark.parametrize(
    ("card", "value"),
    [
        ("KEY     =                    T / logical", True),
        ("KEY     =                    F", False),
        ("KEY     =                   42 / integer", 42),
        ("KEY     = -7", -7),
        ("KEY     =                 0042", 42),
        ("KEY     =  +1.5", 1.5),
        ("KEY     = 1.5E-3", 0.0015),
        ("KEY     = 1.5D3 / Fortran's double", 1500.0),
        ("KEY     = 1.5d+3", 1500.0),
        ("KEY     = .5", 0.5),
        ("KEY     = 5.", 5.0),
        ("KEY     = 'text    '           / comment", "text"),
        ("KEY     = '  leading blanks count'", "  leading blanks count"),
        ("KEY     = 'it''s'", "it's"),
        ("KEY     = 'a / b' / comment", "a / b"),
        ("KEY     = ''", ""),
        ("KEY     = '        '", ""),
        ("KEY     = 'ends with &'", "ends with &"),
        ("KEY     =                      / undefined", None),
        ("KEY     =", None),
        ("KEY     = 2014-01-01", "2014-01-01"),
    ],
)
def test_a_card_has_the_value_that_the_standard_gives_it(card, value):
    found = Cards("".join(one.ljust(80) for one in ("OTHER   = 1", card)))["KEY"]
    assert type(found) is type(value)
    assert found == value


@pytest.mark.parametrize(
    ("cards", "keyword", "value"),
    [
        (
            ["KEY     = 'first &'", "CONTINUE  'second&' / comment", "CONTINUE  ' third'"],
            "KEY",
            "first second third",
        ),
        (["KEY     = 'first&'", "CONTINUE  ''"], "KEY", "first"),
        (["KEY     = 'first'", "CONTINUE  'no'"], "KEY", "first"),
        (["HIERARCH ESO DET CHIP = 'x' / comment"], "ESO DET CHIP", "x"),
        (["HIERARCH eso det = 3"], "ESO DET", 3),
        (["HIERARCH ESO DET= 3"], "eso det", 3),
        (["HIERARCH A B = 1", "HIERARCH A B = 2"], "A B", 1),
        (["KEY     = 1", "KEY     = 2"], "KEY", 1),
        (["COMMENT one", "COMMENT two"], "COMMENT", "one"),
    ],
)
def test_the_conventions_for_long_texts_long_names_and_repetitions_are_kept(cards, keyword, value):
    assert Cards("".join(card.ljust(80) for card in cards))[keyword] == value


def test_a_keyword_that_is_not_there_is_a_key_error_and_get_gives_the_default():
    cards = Cards("KEY     = 1".ljust(80))
    with pytest.raises(KeyError, match=r"^'NONE'$"):
        cards["NONE"]
    assert cards.get("NONE", 7) == 7
    assert ("KEY" in cards, "NONE" in cards) == (True, False)


def test_a_long_name_inside_another_card_is_not_a_keyword():
    lines = ["COMMENT   as in HIERARCH A B = 1", "HIERARCH A B = 2 / HIERARCH A C = 3"]
    cards = Cards("".join(line.ljust(80) for line in lines))
    assert (cards["A B"], "A C" in cards) == (2, False)


def test_cards_count_keywords_and_leave_blank_lines_and_continuations_out():
    lines = ["KEY     = 'a&'", "CONTINUE  'b'", "", "COMMENT x", "HIERARCH A B = 1", "KEY     = 2"]
    cards = Cards("".join(line.ljust(80) for line in lines))
    assert list(cards) == ["KEY", "COMMENT", "A B"]
    assert len(cards) == 3
    assert dict(cards) == {"KEY": "ab", "COMMENT": "x", "A B": 1}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("(1.0, 2.0)", 1 + 2j),
        ("(1, -2) / comment", 1 - 2j),
        ("(1D0, 2.5D-1)", 1 + 0.25j),
        ("(see the log)", "(see the log)"),
        ("()", "()"),
    ],
)
def test_two_numbers_in_brackets_are_a_complex_one_and_other_words_are_text(text, value):
    assert Cards(f"KEY     = {text}".ljust(80))["KEY"] == value


@pytest.mark.parametrize(
    "keyword",
    [
        "KEY",
        "K E Y",
        " KEY",
        "KEY\x1f",
    ],
)
def test_every_keyword_that_is_listed_is_found(keyword):
    cards = Cards(f"{keyword:8}= 1".ljust(80))
    assert [cards[name] for name in cards] == [1]


# -- files
# -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def raw() -> bytes:
    """Return a raw exposure of three compressed extensions."""
    stream = io.BytesIO()
    generate.exposure(410877, "g", "tiny", extensions=3).writeto(stream)
    return stream.getvalue()


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("name", ["a.fits", "a.fits.fz", "a.fits.gz"])
def test_gzip_is_known_by_its_bytes_and_not_by_the_name(tmp_path, raw, squeeze, name):
    found = list(scan(put(tmp_path, squeeze(raw), name=name)))
    with fits.open(io.BytesIO(raw), disable_image_compression=True) as hdus:
        for cards, hdu in zip(found, hdus, strict=True):
            assert_same(cards, hdu.header)


def test_a_long_header_is_read_to_its_end(tmp_path):
    many = [f"K{number:<7}= {number}" for number in range(2000)]
    (cards,) = scan(put(tmp_path, block(*EMPTY, *many)))
    assert cards["K1999"] == 1999
    assert len(cards) == 2003


def test_the_word_end_in_a_text_does_not_end_a_header(tmp_path):
    (cards,) = scan(put(tmp_path, block(*EMPTY, "COMMENT END", "", "ENDING  = 1", "LAST    = 2")))
    assert cards["LAST"] == 2


def test_data_are_not_read(tmp_path):
    size = 2**36  # a hole, that would take minutes to read
    path = put(tmp_path, block(*PRIMARY, "NAXIS   = 1", f"NAXIS1  = {size}"))
    with open(path, "r+b") as stream:
        stream.seek(2880 + -(-size // 2880) * 2880)
        stream.write(block(*EXTENSION, "NAXIS   = 0", "EXTNAME = 'LAST'"))
    assert [cards.get("EXTNAME") for cards in scan(path)] == [None, "LAST"]


def test_headers_are_read_one_by_one_as_they_are_asked_for(tmp_path, raw):
    path = put(tmp_path, raw[: len(raw) - 4000])
    assert next(iter(scan(path)))["EXPNUM"] == 410877


def test_records_after_the_last_hdu_are_left_alone(tmp_path):
    assert len(list(scan(put(tmp_path, block(*EMPTY), b"special".ljust(2880, b"x"))))) == 1


def test_an_hdu_may_lack_the_padding_of_its_data(tmp_path):
    assert (
        len(list(scan(put(tmp_path, block(*PRIMARY, "NAXIS   = 1", "NAXIS1  = 100"), bytes(100)))))
        == 1
    )


@pytest.mark.parametrize(
    ("axes", "size"),
    [
        (["NAXIS   = 0"], 0),
        (["NAXIS   = 1", "NAXIS1  = 5000"], 5000),
        (["NAXIS   = 2", "NAXIS1  = 100", "NAXIS2  = 70"], 7000),
        (["NAXIS   = 2", "NAXIS1  = 100", "NAXIS2  = 0"], 0),
        (["NAXIS   = 1", "NAXIS1  = 10", "PCOUNT  = 4000"], 4010),
        (["NAXIS   = 1", "NAXIS1  = 10", "PCOUNT  = 10", "GCOUNT  = 200"], 4000),
    ],
)
def test_spans_say_where_each_hdu_lies(tmp_path, axes, size):
    data = bytes(-(-size // 2880) * 2880)
    cards = ["XTENSION= 'IMAGE   '", "BITPIX  =                    8", *axes]
    path = put(tmp_path, block(*EMPTY), block(*cards), data, block(*EXTENSION, "NAXIS   = 0"))
    end = 5760 + len(data)
    assert [span[:2] for span in fits_headers.spans(path, 9)] == [
        (0, 2880),
        (2880, end),
        (end, end + 2880),
    ]
    assert [span.data for span in fits_headers.spans(path, 9)] == [2880, 5760, end + 2880]


@pytest.mark.parametrize("content", [b"", b"x", b"SIMPLE", b"%PDF-1.4", bytes(2880)], ids=repr)
def test_what_is_not_fits_is_refused_by_name(tmp_path, content):
    path = put(tmp_path, content)
    with pytest.raises(FormatterError, match="not a FITS file") as caught:
        list(scan(path))
    assert path in str(caught.value)


def test_a_file_that_is_missing_is_the_usual_error(tmp_path):
    with pytest.raises(FileNotFoundError):
        list(scan(str(tmp_path / "gone.fits")))


@pytest.mark.parametrize("squeeze", [bytes, gzip.compress], ids=["plain", "gzip"])
@pytest.mark.parametrize("part", [0.02, 0.3, 0.6, 0.9])
def test_a_truncated_file_is_refused_by_name(tmp_path, raw, squeeze, part):
    whole = squeeze(raw)
    path = put(tmp_path, whole[: int(len(whole) * part)])
    with pytest.raises(FormatterError, match=r"truncated|damaged") as caught:
        list(scan(path))
    assert path in str(caught.value)


def test_gzip_data_with_other_bytes_inside_are_refused_by_name(tmp_path):
    body = os.urandom(200_000)
    whole = bytearray(
        gzip.compress(block(*PRIMARY, "NAXIS   = 1", "NAXIS1  = 200000") + body, compresslevel=1)
    )
    whole[100_000:100_100] = bytes(100)
    path = put(tmp_path, bytes(whole))
    with pytest.raises(FormatterError, match="damaged") as caught:
        list(scan(path))
    assert path in str(caught.value)


def test_a_truncated_file_inside_whole_gzip_data_is_refused_by_name(tmp_path):
    whole = block(*PRIMARY, "NAXIS   = 1", "NAXIS1  = 100000") + bytes(50_000)
    with pytest.raises(FormatterError, match="truncated"):
        list(scan(put(tmp_path, gzip.compress(whole))))


@pytest.mark.parametrize(
    "cards",
    [
        ["BITPIX  = 8", "NAXIS   = 2", "NAXIS1  = 5"],
        ["NAXIS   = 1", "NAXIS1  = 5"],
        ["BITPIX  = 8", "NAXIS   = 'a'"],
        ["BITPIX  = 8", "NAXIS   = 1", "NAXIS1  ="],
        ["BITPIX  = 'x'", "NAXIS   = 1", "NAXIS1  = 5"],
    ],
)
def test_a_header_that_does_not_tell_the_size_of_its_data_is_refused_by_name(tmp_path, cards):
    path = put(tmp_path, block("SIMPLE  =                    T", *cards), bytes(2880))
    with pytest.raises(FormatterError) as caught:
        list(scan(path))
    assert path in str(caught.value)


def test_a_negative_axis_is_refused_by_name(tmp_path):
    path = put(tmp_path, block(*EMPTY), block(*EXTENSION, "NAXIS   = 1", "NAXIS1  = -2880"))
    with pytest.raises(FormatterError):
        list(itertools.islice(scan(path), 100))


@pytest.mark.parametrize(
    ("names", "name"),
    [
        (["COMPRESSED_IMAGE", "S4"], "S4"),
        (["S4", "COMPRESSED_IMAGE"], "S4"),
        (["COMPRESSED_IMAGE"], "COMPRESSED_IMAGE"),
        (["S4", "S5"], "S4"),
        (["COMPRESSED_IMAGE", "S4", "S5"], "S4"),
    ],
)
def test_of_two_names_of_an_extension_the_images_counts(names: list[str], name: str) -> None:
    """What some versions of fpack and PyFITS wrote, and CFHT's archive holds."""
    cards = [
        "SIMPLE  =                    T",
        *(f"EXTNAME = '{one}'" for one in names),
        "CCDNUM  = 4",
    ]
    header = Cards("".join(card.ljust(80) for card in cards))
    assert (header["EXTNAME"], header["CCDNUM"]) == (name, 4)
    assert list(header) == ["SIMPLE", "EXTNAME", "CCDNUM"]
