"""Cards as cameras and people write them: read, and written again with the same meaning."""

from __future__ import annotations

import warnings

import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persistence.errors import LossyWarning
from persistence.formatters import fits_cards
from persistence.formatters.fits_open import opened

# The card in a file -> what is in the file that is written from it.
KEPT = {
    "FOO     =": "FOO     =",
    "FOO     =                      / undefined": "FOO     =                      / undefined",
    "HIERARCH ESO DET X.Y = 3 / c": "HIERARCH ESO DET X.Y = 3 / c",
    "HIERARCH eso det = 'x'": "HIERARCH eso det = 'x'",
    "FOO     = 1.0D5": "FOO     = 1.0D5",
    "FOO     = 123456789012345678901234567890": "FOO     = 123456789012345678901234567890",
    "FOO     = (1.0, 2.0)": "FOO     = (1.0, 2.0)",
    "FOO     = 'it''s' / a/b": "FOO     = 'it''s' / a/b",
    "FOO     = ''": "FOO     = ''",
    "FOO     = 007": "FOO     = 007",
    "FOO bar baz": "FOO bar baz",
    "FOO": "FOO",
    "HIERARCH garbage": "HIERARCH garbage",
    # against the standard, but the meaning is there
    "A.B     = 1": "HIERARCH A.B =                    1",
    "FO O    = 2 / c": "HIERARCH FO O =                    2 / c",
    "FOO+    = T": "HIERARCH FOO+ =                    T",
    "foo     = 1": "FOO     =                    1",
    "FOO= 5": "FOO     =                    5",
    "FOO     = 1.5e3": "FOO     =                1.5E3",
    "FOO     = 2015-01-01": "FOO     = '2015-01-01'",
    "FOO     = 1 / a\tcomment": "FOO     =                    1 / a comment",
    "HISTORY a\0b": "HISTORY a b",
    "COMMENT a\tb": "COMMENT a b",
    "FOO     = NaN": "FOO     = 'NaN     '",
    "FOO     = 2015_0218": "FOO     = '2015_0218'",
    "FOO     = 'a\0\0'": "FOO     = 'a       '",
    # the text cannot be printed, so it has no place in a value
    "FOO     = 'a\tb'": "FOO     =  / unreadable: a?b",
    "HIERARCH A B = 'x\ty'": "HIERARCH A B =  / unreadable: x?y",
}
KINDS = ["lsst.afw.image.ExposureF", "lsst.afw.image.ImageF"]


@pytest.fixture
def disk(disk_of):
    """Return a folder of exposures."""
    return disk_of("FitsStorage", KINDS[0], ".fits")


def image(*cards: str) -> bytes:
    """Lay out an image of two pixels with cards as they stand."""
    lines = ["SIMPLE  = T", "BITPIX  = -32", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 1"]
    lines = [f"{line[:10]}{line[10:]:>20}" for line in lines]
    header = "".join(f"{line:80}" for line in [*lines, *cards, "GOOD    = 1", "END"])
    return header.encode("latin-1").ljust(2880) + bytes(2880)


def written_lines(disk, python: str, card: str) -> list[str]:
    """Read a file with a card, write it, and give the cards of the new file as they stand."""
    exposure = disk.read(disk.put(image(card), python=python))
    location = disk.write(exposure, python=python)
    with fits.open(location.full_path) as hdus:
        header = hdus[0].header if "Exposure" in python else hdus[1].header
        return [str(card).rstrip() for card in header.cards]


@pytest.mark.filterwarnings("ignore:The following header keyword is invalid")
@pytest.mark.parametrize("python", KINDS)
@pytest.mark.parametrize("card", KEPT)
def test_a_card_that_means_something_is_written(disk, python, card):
    lines = written_lines(disk, python, card)
    assert KEPT[card] in lines
    assert any(line.startswith("GOOD ") for line in lines)


@pytest.mark.parametrize("python", KINDS)
def test_a_card_that_no_header_can_hold_is_left_out_and_named(disk, python):
    message = r"^thing is written without cards that FITS cannot hold: F\\x01O$"
    with pytest.warns(LossyWarning, match=message):
        lines = written_lines(disk, python, "F\x01O     = 1")
    assert any(line.startswith("GOOD ") for line in lines)
    assert not any(line.startswith("F\x01O") for line in lines)


def test_a_text_that_is_continued_is_written_whole(disk):
    text = "a long text " * 20
    exposure = disk.read(disk.put(image()))
    exposure.header["FOO"] = text
    assert disk.there_and_back(exposure).metadata["FOO"] == text.rstrip()


@settings(
    max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(st.text(st.characters(max_codepoint=126), max_size=70), st.sampled_from(["FOO     = ", ""]))
def test_whatever_a_card_says_the_others_are_written(disk, text, before):
    card = f"{before}{text}"
    location = disk.put(image(card if card.split() != ["END"] else ""), name="any.fits")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with opened(location.full_path) as hdus:
            header = fits_cards.writable(list(hdus[0].header.cards)[5:], "thing")
        text = fits.PrimaryHDU(header=header).header.tostring()
        assert fits.Header.fromstring(text)["GOOD"] == 1


# What stands in a file, and the value that a user finds.
UNPARSABLE = {
    "FOO     = NaN": "NaN", "FOO     = 2015_0218 / c": "2015_0218", "FOO     = NGC 1 / a galaxy": "NGC 1",
    "FOO     = 'open": "'open", "FOO     = (1, x)": "(1, x)", "FOO     = T x": "T x",
    "FOO     = 'a\0\0'": "a", "FOO     = 1.5e": "1.5e", "FOO     = 0x10": "0x10",
}  # fmt: skip


@pytest.mark.parametrize("card", UNPARSABLE)
def test_a_card_that_astropy_cannot_parse_is_text_and_the_rest_of_the_header_can_be_read(
    disk, card
):
    content = image("BEFORE  = 1", card)
    header = fits.Header.fromstring(content[:2880].decode("latin-1").split("END  ")[0])
    with pytest.raises(fits.VerifyError):
        list(header.items())
    exposure = disk.read(disk.put(content, python=KINDS[0]))
    assert exposure.header["FOO"] == UNPARSABLE[card]
    items = [(name, value) for name, value in exposure.header.items() if name not in ("", "FOO")]
    assert items[-2:] == [("BEFORE", 1), ("GOOD", 1)]


def test_what_cannot_be_printed_is_not_known_and_shown_in_the_comment(disk):
    exposure = disk.read(disk.put(image("FOO     = 'a\x1bb'"), python=KINDS[0]))
    assert exposure.header["FOO"] is None
    assert exposure.header.comments["FOO"] == "unreadable: a?b"


@settings(
    max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    st.text(st.characters(max_codepoint=255), max_size=70),
    st.sampled_from(["FOO     = ", "FOO     = '", "HIERARCH A B = ", "K E Y   = ", "COMMENT ", ""]),
)  # fmt: skip
def test_whatever_a_card_holds_each_card_of_the_header_can_be_read(disk, text, before):
    card = f"{before}{text}"[:80]
    location = disk.put(image(card if card.split() != ["END"] else ""), name="any.fits")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with opened(location.full_path) as hdus:
            header = fits_cards.readable(hdus[0].header)
        assert dict(header.items())["GOOD"] == 1
        assert len([card.comment for card in header.cards]) == len(header)
        assert "GOOD" in repr(header)
