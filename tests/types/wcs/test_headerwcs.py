"""The WCS of a header: astropy's own values, as it repairs headers, and errors in place of guesses."""

from __future__ import annotations

import itertools
import logging
import warnings

import numpy as np
import pytest
import yaml
from astropy import log
from astropy.io import fits
from astropy.wcs import WCS
from hypothesis import given, settings
from hypothesis import strategies as st

from persistence.errors import FormatterError
from persistence.types.wcs.headerwcs import in_parent, shifted, tables_of, wcs_of

POINTS = np.array([[0.0, 100.25, 1500.0], [0.0, 200.5, 2500.0]])
BARE = {
    "CTYPE1": "RA---TAN", "CTYPE2": "DEC--TAN",
    "CRPIX1": 1000.0, "CRPIX2": 2000.0, "CRVAL1": 150.0, "CRVAL2": 2.0,
}  # fmt: skip
TAN = BARE | {"CD1_1": -7e-5, "CD1_2": 1e-6, "CD2_1": 2e-6, "CD2_2": 7e-5}
SIP = {"A_ORDER": 2, "A_2_0": 5e-6, "A_1_1": -1e-6, "B_ORDER": 3, "B_2_0": 5e-6, "B_0_3": 1e-9}
INVERSE = {"AP_ORDER": 2, "AP_2_0": -5e-6, "BP_ORDER": 2, "BP_2_0": -5e-6}
FREQ = {"CTYPE3": "FREQ", "CRVAL3": 1e9, "CRPIX3": 1.0}


def scamp(highest: int) -> dict[str, float]:
    """Return terms of SCAMP's polynomials up to one; those of SIN, TAN and ZPN have such names too."""
    terms = {0: 1e-4, 1: 1.01, 2: 1e-3, 4: 5e-3, 5: 1e-3, 7: 0.01, 11: 1e-3}
    return {
        f"PV{axis}_{term}": value
        for axis, (term, value) in itertools.product((1, 2), terms.items())
        if term <= highest
    }


def projected(code: str) -> dict[str, str]:
    return {"CTYPE1": f"RA---{code}", "CTYPE2": f"DEC--{code}"}


def header_of(cards: dict[str, object]) -> fits.Header:
    header = fits.Header()
    header.update(cards)
    return header


def astropys(cards: dict[str, object]) -> WCS:
    """Return what astropy makes of a header; of a cube, the first two axes."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        level, log_level = logging.ERROR, log.level
        log.setLevel(level)
        try:
            wcs = WCS(header_of(cards))
        finally:
            log.setLevel(log_level)
    return wcs if wcs.naxis == 2 else wcs.sub(2)


DISTORTED = {
    f"{code}{'+SIP' * bool(sip)}{'+inverse' * (len(sip) > len(SIP))}, PV to {highest}": {
        **TAN,
        **projected(code),
        **scamp(highest),
        **sip,
    }
    for code, highest, sip in itertools.product(
        ("TAN", "TPV", "TAN-SIP", "SIN", "STG", "ARC"), (-1, 1, 4, 11), ({}, SIP, SIP | INVERSE)
    )
    # Of SIN, STG and ARC no such terms are known; TAN-SIP with PV alone is refused by astropy.
    if highest < 5 or (code in ("TAN", "TPV")) or (code == "TAN-SIP" and sip)
    if not (code == "SIN" and highest == 4)  # NaN
}
REPAIRED = {
    "a zenithal polynomial": TAN | projected("ZPN") | {"PV2_1": 1.0, "PV2_3": 50.0},
    "a zenithal polynomial by PROJP": TAN | projected("ZPN") | {"PROJP1": 1.0, "PROJP3": 50.0},
    "PROJP of TAN": TAN | {"PROJP1": 1.0},
    "PROJP of TAN in B1950": TAN | {"PROJP1": 1.0, "EQUINOX": 1950.0},
    "RADESYS": TAN | {"RADESYS": "FK5"},
    "RADECSYS": TAN | {"RADECSYS": "FK4"},
    "RADECSYS and an equinox": TAN | {"RADECSYS": "FK5", "EQUINOX": 1975.0},
    "FK4 without E-terms": TAN | {"RADESYS": "FK4-NO-E", "EQUINOX": 1950.0},
    "an equinox alone": TAN | {"EQUINOX": 1950.0},
    "an epoch alone": TAN | {"EPOCH": 1950.0},
    "an epoch and an equinox": TAN | {"EPOCH": 1950.0, "EQUINOX": 2000.0},
    "no frame": TAN,
    "the galaxy": TAN | {"CTYPE1": "GLON-TAN", "CTYPE2": "GLAT-TAN"},
    "the ecliptic": TAN | {"CTYPE1": "ELON-TAN", "CTYPE2": "ELAT-TAN"},
    "latitude first": TAN | {"CTYPE1": "DEC--TAN", "CTYPE2": "RA---TAN", "CRVAL1": 2.0, "CRVAL2": 150.0},
    "a pole of its own": TAN | {"LONPOLE": 90.0, "LATPOLE": 10.0},
    "CDELT": BARE | {"CDELT1": -7e-5, "CDELT2": 7e-5},
    "CROTA": BARE | {"CDELT1": -7e-5, "CDELT2": 7e-5, "CROTA2": 30.0},
    "PC": BARE | {"CDELT1": -7e-5, "CDELT2": 7e-5, "PC1_1": 0.8, "PC1_2": 0.6, "PC2_1": -0.6, "PC2_2": 0.8},
    "PC of 1988": BARE | {"CDELT1": -7e-5, "CDELT2": 7e-5, "PC001001": 0.8, "PC001002": 0.6, "PC002001": -0.6, "PC002002": 0.8},
    "CD of 1988": BARE | {"CD001001": -7e-5, "CD002002": 7e-5},
    "one row of CD": BARE | {"CD2_2": 7e-5},
    "no matrix": BARE,
    "a third axis": TAN | FREQ | {"CD3_3": 1e6},
    "a third axis without a scale": TAN | FREQ,
    "four axes": TAN | FREQ | {"CD3_3": 1e6, "CTYPE4": "STOKES", "CRVAL4": 1.0, "CRPIX4": 1.0, "CD4_4": 1.0},
    "old dates": TAN | {"DATE-OBS": "18/08/14", "MJD-OBS": 56887.9},
    "no sky": {"CTYPE1": "LINEAR", "CTYPE2": "LINEAR", "CRVAL1": 5.0, "CDELT1": 2.0},
    **{f"CUNIT {unit!r}": TAN | {"CUNIT1": unit, "CUNIT2": unit}
       for unit in ("deg", "degree", "DEG", "Degrees", "degrees", "arcsec", "ARCSEC", "arcmin", "")},
}  # fmt: skip


@pytest.mark.parametrize("kind", [*DISTORTED, *REPAIRED])
def test_a_header_has_astropys_wcs(kind):
    cards = (DISTORTED | REPAIRED)[kind]
    found, expected = wcs_of(header_of(cards)), astropys(cards)
    assert found.naxis == 2
    there = expected.all_pix2world(*POINTS, 0)
    assert np.isfinite(there).all()
    np.testing.assert_allclose(found.all_pix2world(*POINTS, 0), there, rtol=0, atol=1e-12)
    if expected.has_celestial:
        apart = found.pixel_to_world(*POINTS).separation(expected.pixel_to_world(*POINTS))
        assert apart.arcsec.max() < 1e-6
    # What is written of it is the same again.
    again = wcs_of(found.to_header(relax=True))
    np.testing.assert_allclose(again.all_pix2world(*POINTS, 0), there, rtol=0, atol=1e-9)


@pytest.mark.parametrize(
    ("cards", "same"),
    [
        # What is plainly meant, and astropy leaves out without a word, or refuses.
        ({"CRVAL1": "150.0", "CD1_1": "-7.0D-5"}, {}),
        ({"EQUINOX": "J2000.0"}, {"EQUINOX": 2000.0}),
        ({"EPOCH": "B1950"}, {"EPOCH": 1950.0}),
        ({"EPOCH": "2014-08-18", "EQUINOX": 1950.0}, {"EQUINOX": 1950.0}),
        ({"EPOCH": "2014-08-18", "RADECSYS": "ICRS"}, {"RADESYS": "ICRS"}),
        ({"EQUINOX": 1950.0, "RADESYS": "fk4"}, {"EQUINOX": 1950.0, "RADESYS": "FK4"}),
        ({"RADESYS": "FK5", "RADECSYS": "FK4"}, {"RADESYS": "FK5"}),
        ({"CUNIT1": "degs", "CUNIT2": "Deg."}, {}),
        ({"CUNIT1": "arcseconds", "CUNIT2": "arcsecs"}, {"CUNIT1": "arcsec", "CUNIT2": "arcsec"}),
        (SIP | FREQ | projected("TAN-SIP"), SIP | projected("TAN-SIP")),
    ],
)
def test_what_is_plainly_meant_is_understood(cards, same):
    found, expected = wcs_of(header_of(TAN | cards)), astropys(TAN | same)
    apart = found.pixel_to_world(*POINTS).icrs.separation(expected.pixel_to_world(*POINTS).icrs)
    assert apart.arcsec.max() < 1e-6


@pytest.mark.parametrize("other", [{"B_ORDER": 0}, {"B_ORDER": 1}])
def test_a_polynomial_beside_none_counts(other):
    """astropy takes neither then; by the convention, A_2_0 (x - CRPIX1)**2 is added to x."""
    cards = TAN | projected("TAN-SIP") | {"A_ORDER": 2, "A_2_0": 5e-6} | other
    x, y = POINTS
    moved = x + 5e-6 * (x + 1 - TAN["CRPIX1"]) ** 2
    np.testing.assert_allclose(
        wcs_of(header_of(cards)).all_pix2world(x, y, 0),
        astropys(TAN).all_pix2world(moved, y, 0),
        rtol=0,
        atol=1e-12,
    )


NOT_UNDERSTOOD = [
    ({"A_ORDER": 10**9, "B_ORDER": 2}, "A_ORDER is 1000000000; orders are 0 to 99"),
    ({"A_ORDER": 2, "B_ORDER": -1}, "B_ORDER is -1"),
    ({"A_ORDER": 2.5, "B_ORDER": 2}, "A_ORDER is 2.5"),
    ({"A_ORDER": "two", "B_ORDER": 2}, "A_ORDER is not a number: 'two'"),
    ({"A_ORDER": 2}, "no B_ORDER"),
    ({"BP_ORDER": 2}, "no AP_ORDER"),
    ({"A_ORDER": 2, "B_ORDER": 2, "A_2_0": "x"}, "A_2_0 is not a number: 'x'"),
    ({"CRVAL1": "10:00:00"}, "CRVAL1 is not a number: '10:00:00'"),
    ({"CRVAL1": None}, "CRVAL1 is not a number: without a value"),
    ({"CRPIX2": True}, "CRPIX2 is not a number: T"),
    ({"PV1_1": "nan"}, "PV1_1 is not a number: 'nan'"),
    ({"EQUINOX": "now"}, "EQUINOX is not a number: 'now'"),
    ({"WCSAXES": 10**9}, "WCSAXES is 1000000000"),
    (
        {f"CD{i}_{j}": 0.0 for i in (1, 2) for j in (1, 2)},
        "no size of pixels: CD1_1 = 0.0, CD1_2 = 0.0",
    ),
    ({"CD2_1": 0.0, "CD2_2": 0}, "no size of pixels: CD2_1 = 0.0, CD2_2 = 0"),
    ({f"CD{i}_{j}": 1e-5 for i in (1, 2) for j in (1, 2)}, "the pixels have no area"),
    ({"CUNIT1": "furlong"}, "CUNIT1.*furlong"),
    ({"CTYPE2": "DEC--SIN"}, "'DEC--SIN'.*Inconsistent projection types"),
    (FREQ | {"CD1_3": 1e-4}, "off-diagonal matrix elements"),
    (projected("ZPN"), "Invalid parameters"),
    ({"CPDIS1": "LOOKUP"}, r"needs tables of other HDUs \(CPDIS1\)"),
    (projected("ZPN") | {"PV2_9999": 1.0}, "Invalid parameters"),
]


@pytest.mark.parametrize(
    ("cards", "message"), NOT_UNDERSTOOD, ids=[message for _, message in NOT_UNDERSTOOD]
)
def test_what_cannot_be_understood_is_an_error_that_names_it(cards, message):
    with pytest.raises(FormatterError, match=message) as caught:
        wcs_of(header_of(TAN | cards))
    assert len(str(caught.value)) < 400


@pytest.mark.filterwarnings("ignore")  # astropy's of the card
@pytest.mark.parametrize("value", ["NaN", "-INF", "1E999", "1_000", "0x10", "12:30", "1 2"])
def test_a_number_that_fits_does_not_have_is_an_error(value):
    text = "".join(str(card) for card in header_of({**TAN, "CRVAL1": 1.0}).cards)
    card = "CRVAL1  =                  1.0"
    assert card in text
    header = fits.Header.fromstring(text.replace(card, f"CRVAL1  = {value:>20}"))
    with pytest.raises(FormatterError, match=f"not a number: '?{value}"):
        wcs_of(header)


VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(-(10**12), 10**12), st.floats(-1e30, 1e30), st.text("a1 ", max_size=5)
)  # fmt: skip


@settings(max_examples=150, deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(
            "CTYPE1 CTYPE2 CRVAL2 CRPIX1 CD1_1 CD1_2 CD2_2 PV1_1 PV2_7 CUNIT1 A_ORDER B_ORDER A_2_0 LONPOLE "
            "WCSAXES CRVAL3 CD9_9 RADESYS EQUINOX CPDIS1 PROJP1 DATE-OBS CROTA2 PC1_1 AP_ORDER BP_ORDER".split()
        ),
        VALUES,
        min_size=1,
        max_size=5,
    )
)
def test_whatever_a_card_says_there_is_a_wcs_or_an_error_of_ours(cards):
    try:
        wcs = wcs_of(header_of(TAN | SIP | cards))
    except FormatterError:
        return
    assert wcs.naxis == 2


@pytest.mark.real
def test_the_sky_of_real_headers_is_astropys(real):
    compared = 0
    paths = [*real.glob("decam_*/instcal/*.fits"), *real.glob("afw_files/exposure*"), *real.glob("gen2_repos/*/raw/**/*.fits*"),
             real / "afw_files" / "ZPN.fits", *real.glob("gen2_repos/obs_test/**/*.fits.gz")]  # fmt: skip
    for path in paths:
        with fits.open(path) as hdus:
            headers = [hdu.header for hdu in hdus[:2] if hdu.is_image and hdu.header.get("CTYPE1")]
        for header in headers:
            found, expected = wcs_of(header), astropys(header)
            np.testing.assert_allclose(
                found.all_pix2world(*POINTS, 0),
                expected.all_pix2world(*POINTS, 0),
                rtol=0,
                atol=1e-10,
            )
            apart = found.pixel_to_world(*POINTS).separation(expected.pixel_to_world(*POINTS))
            assert apart.arcsec.max() < 1e-6
            assert found.pixel_shape in (None, (header.get("NAXIS1"), header.get("NAXIS2")))
            compared += 1
    assert compared >= 20


@pytest.mark.real
@pytest.mark.parametrize("directory", ["decam_headers", "camera_headers"])
def test_the_sky_of_real_cameras_is_astropys(real, directory):
    compared = 0
    for path in (real / directory).glob("*.yaml"):
        first, _, rest = (text := path.read_text()).partition("\n")
        read = yaml.safe_load(rest if first.startswith("!") else text)
        pairs = read.items() if isinstance(read, dict) else [(card[0], card[2]) for card in read]
        cards = {
            key: value
            for key, value in pairs
            if len(key) < 9 and key not in ("COMMENT", "HISTORY", "") and len(str(value)) < 60
        }
        if "CTYPE1" not in cards:
            continue
        cards.pop("RADECSYS" if "RADESYS" in cards else "", None)  # of the other HDU
        found, expected = wcs_of(header_of(cards)), astropys(cards)
        apart = found.pixel_to_world(*POINTS).separation(expected.pixel_to_world(*POINTS))
        assert apart.arcsec.max() < 1e-6
        compared += 1
    assert compared >= 2


def test_nothing_is_said_of_what_is_repaired(caplog):
    # a warning is an error here
    header = header_of(TAN | SIP | {"RADECSYS": "FK5", "DATE-OBS": "18/08/14", "CUNIT1": "DEG", "CUNIT2": "DEG"})  # fmt: skip
    log.propagate, before = True, log.propagate
    try:
        with caplog.at_level(logging.INFO, logger="astropy"), log.log_to_list() as said:
            wcs = wcs_of(header)
            wcs.to_header(relax=True)
    finally:
        log.propagate = before
    assert (said, caplog.records) == ([], [])
    assert list(wcs.wcs.ctype) == ["RA---TAN-SIP", "DEC--TAN-SIP"]


@pytest.mark.parametrize(
    "keyword", ["WCSNAME", "CNAME1", "DATE-OBS", "EQUINOX", "LONPOLE", "WCSAXES"]
)
@pytest.mark.parametrize("after", ["CTYPE1", "CRVAL1", "CD2_2"])
@pytest.mark.parametrize("value", [None, "", " "])
def test_a_card_without_a_value_does_not_hide_the_next(keyword, after, value):
    """wcslib, and so astropy, leaves out the card behind it."""
    header = header_of(TAN)
    header.insert(after, (keyword, value))
    found, expected = wcs_of(header), astropys(TAN)
    np.testing.assert_allclose(
        found.all_pix2world(*POINTS, 0), expected.all_pix2world(*POINTS, 0), rtol=0, atol=1e-12
    )


def test_an_axis_whose_type_has_no_value_is_none_of_the_sky():
    with pytest.raises(FormatterError, match="Unmatched celestial axes"):
        wcs_of(header_of(TAN | {"CTYPE1": None}))


def test_a_header_without_a_sky_has_none():
    assert wcs_of(fits.Header({"EXPTIME": 1.0, "CRVAL1": 5.0})) is None


def test_the_header_is_left_as_it_was():
    header = header_of(TAN | SIP | scamp(7) | {"RADECSYS": "FK5", "CUNIT1": "DEG"})
    before = header.tostring()
    wcs_of(header)
    assert header.tostring() == before


def test_one_axis_has_a_second_beside_it():
    wcs = wcs_of(header_of({"CTYPE1": "LINEAR", "CRVAL1": 5.0, "CDELT1": 2.0, "CRPIX1": 1.0}))
    assert np.array(wcs.all_pix2world(3, 4, 0)).tolist() == [11.0, 5.0]


# -- tables
# ------------------------------------------------------------------------------------------------


def test_a_distortion_by_tables_is_astropys(tabled):
    hdus = tabled()
    header, points = hdus[1].header, POINTS / 100
    expected = np.array(WCS(header.copy(), fobj=hdus).all_pix2world(*points, 0))
    assert np.abs(expected - np.array(astropys(TAN).all_pix2world(*points, 0))).max() > 1e-5
    tables = tables_of(header, hdus)
    assert len(tables) == 5
    wcs = wcs_of(header, tables)
    np.testing.assert_allclose(wcs.all_pix2world(*points, 0), expected, rtol=0, atol=1e-12)
    moved = shifted(wcs, (3, -2)).all_pix2world(points[0] - 3, points[1] + 2, 0)
    np.testing.assert_allclose(moved, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(wcs.all_pix2world(*points, 0), expected, rtol=0, atol=1e-12)
    del tables["D2IMARR", 2]
    with pytest.raises(FormatterError, match=r"D2IMDIS2\) cannot be read.*D2IMARR"):
        wcs_of(header, tables)


def test_a_header_without_tables_asks_for_none(tabled):
    assert tables_of(header_of(TAN | SIP), tabled()) is None


# -- where pixels are counted from
# -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["TAN", "TPV", "TAN-SIP"])
def test_a_shift_moves_distortions_too(kind):
    cards = TAN | projected(kind) | (SIP | INVERSE if kind == "TAN-SIP" else {}) | (scamp(11) if kind == "TPV" else {})  # fmt: skip
    wcs, expected = wcs_of(header_of(cards)), astropys(cards).all_pix2world(*POINTS, 0)
    found = shifted(wcs, (7, 9)).all_pix2world(POINTS[0] - 7, POINTS[1] - 9, 0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    parents = in_parent(wcs, (100, 200), None)
    found = parents.all_pix2world(POINTS[0] + 100, POINTS[1] + 200, 0)
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(wcs.all_pix2world(*POINTS, 0), expected, rtol=0, atol=1e-12)
