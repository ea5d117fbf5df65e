"""Units as headers spell them."""

from __future__ import annotations

import pytest
from astropy import units as u

from persistence.types.pixels.units import parse, text_of

FLUX = u.erg / u.s / u.cm**2 / u.AA
# What HST, JWST, SDSS, radio telescopes, amateurs and afw write -> astropy's unit, FITS's form.
SPELLINGS = {
    "ADU": (u.adu, "adu"),
    "adu/sec": (u.adu / u.s, "adu s-1"),
    "electron": (u.electron, "electron"),
    "ELECTRONS": (u.electron, "electron"),
    "e-": (u.electron, "electron"),
    "e-/s": (u.electron / u.s, "electron s-1"),
    "electrons per second": (u.electron / u.s, "electron s-1"),
    "electron adu^-1": (u.electron / u.adu, "electron adu-1"),
    "DN": (u.DN, "DN"),
    "DN/S": (u.DN / u.s, "DN s-1"),
    "count": (u.ct, "count"),
    "Counts": (u.ct, "count"),
    "COUNTS/SEC": (u.ct / u.s, "count s-1"),
    "count*pixel^2": (u.ct * u.pix**2, "pix2 count"),
    "photons": (u.ph, "ph"),
    "JY/BEAM": (u.Jy / u.beam, "Jy beam-1"),
    "JY/PIXEL": (u.Jy / u.pix, "Jy pix-1"),
    "MJy/sr": (u.MJy / u.sr, "MJy sr-1"),
    "K KM/S": (u.K * u.km / u.s, "K km s-1"),
    "mJy": (u.mJy, "mJy"),
    "nanomaggy": (u.nmgy, "nmgy"),
    "nanomaggies": (u.nmgy, "nmgy"),
    "erg/s/cm2/A": (FLUX, "erg Angstrom-1 s-1 cm-2"),
    "1E-17erg/s/cm2/Ang": (1e-17 * FLUX, "10**-17 erg Angstrom-1 s-1 cm-2"),
    "DEGREES": (u.deg, "deg"),
    "arcsecs": (u.arcsec, "arcsec"),
    "pixels": (u.pix, "pix"),
    "SEC": (u.s, "s"),
    "S": (u.s, "s"),
    "nsec": (u.ns, "ns"),
    "microns": (u.um, "um"),
    "Angstroms": (u.AA, "Angstrom"),
    "%": (u.percent, "%"),
    "mag(AB)": (u.Unit("mag(AB)"), "mag(AB)"),
    "unitless": (u.dimensionless_unscaled, ""),
}


@pytest.mark.parametrize("text", SPELLINGS)
def test_a_unit_is_understood_however_it_is_spelled_and_written_in_one_form(text):
    unit, standard = SPELLINGS[text]
    assert parse(text) == unit
    assert parse(f" {text} ") == unit
    assert text_of(parse(text)) == standard
    assert not standard or parse(standard) == unit


@pytest.mark.parametrize("text", ["", "  ", "N/A", "n/a", "None", "UNKNOWN", "-"])
def test_a_text_that_says_that_there_is_no_unit_is_none(text):
    assert parse(text) is None
    assert text_of(parse(text)) == ""


@pytest.mark.parametrize("text", ["MJY/SR", "mjy", "furlongs", "log(", "Jy/", "a b c", "10**"])
def test_what_cannot_be_told_is_kept_as_it_is(text):
    assert isinstance(parse(text), u.UnrecognizedUnit)
    assert text_of(parse(text)) == text


def test_a_unit_that_astropy_did_not_recognize_is_written_as_what_it_means():
    assert text_of(u.Unit("ELECTRONS/S", parse_strict="silent")) == "electron s-1"
