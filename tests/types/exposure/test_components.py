"""Components: what headers say of an archive, what was given, what is made when."""

from __future__ import annotations

import pytest

from persistence.errors import FormatterError
from persistence.types.archives.archive import Archive, Unknown
from persistence.types.exposure.components import Components, numbers_in

INDEX = {
    "id": [1, 2],
    "cat.archive": [-1, -1],
    "cat.persistable": [0, 0],
    "row0": [0, 0],
    "nrows": [0, 0],
    "name": ["OddPsf", "ApCorrMap"],
    "module": ["", ""],
}


@pytest.mark.parametrize(
    ("header", "numbers"),
    [
        ({}, {}),
        ({"PSF_ID": 3}, {}),
        ({"AR_HDU": 0, "PSF_ID": 3}, {}),
        ({"AR_HDU": 5, "PSF_ID": 3, "AP_CORR_MAP_ID": 0}, {"psf": 3}),
        ({"AR_HDU": 5, "WCS_ID": 17}, {"wcs": 17}),
        ({"AR_HDU": 5, "WCS_ID": 17, "SKYWCS_ID": 2}, {"wcs": 2}),
        ({"AR_HDU": 5, "PHOTOCALIB_ID": 2, "ARCHIVE_ID_PHOTOCALIB": 2}, {"photo_calib": 2}),
        ({"AR_HDU": 5, "ARCHIVE_ID_TRANSMISSION_CURVE": 2}, {"transmission_curve": 2}),
        ({"AR_HDU": 5, "ARCHIVE_ID_SOMETHING": 9}, {"something": 9}),
        (
            {"AR_HDU": 5, "CALIB_ID": "detector=42", "PSF_ID": None, "DETECTOR_ID": 1},
            {"detector": 1},
        ),
    ],
)
def test_a_header_tells_the_numbers_of_components(header, numbers):
    assert numbers_in(header, "a.fits") == numbers


@pytest.mark.parametrize("version", [0, 1, 2])
def test_known_versions_are_read(version):
    assert numbers_in({"EXPINFO_V": version, "AR_HDU": 5, "PSF_ID": 1}, "a.fits") == {"psf": 1}


def test_a_later_version_is_refused():
    with pytest.raises(FormatterError, match=r"a.fits has version 3 .*the last known version is 2"):
        numbers_in({"EXPINFO_V": 3, "AR_HDU": 5}, "a.fits")


def components(asked: list[int] | None = None) -> Components:
    def source() -> Archive:
        (asked if asked is not None else []).append(1)
        return Archive(INDEX, lambda number: {}, "a.fits")

    return Components({"psf": 1, "ap_corr_map": 2}, source)


def test_the_archive_is_read_once_and_when_it_is_asked_for():
    asked: list[int] = []
    found = components(asked)
    assert (list(found), len(found), asked) == (["psf", "ap_corr_map"], 2, [])
    assert isinstance(found["psf"], Unknown)
    assert found["psf"] is found["psf"]
    assert dict(found["ap_corr_map"]) == {}
    assert asked == [1]


def test_what_is_not_understood_is_told_by_name():
    assert components().unknown == ("psf",)


def test_what_is_given_comes_before_the_archive_and_none_takes_away():
    found = components().replaced(psf="mine", ap_corr_map=None)
    assert (dict(found), found.unknown) == ({"psf": "mine"}, ())
    assert found.get("ap_corr_map") is None
    assert "mine" not in components().values()


def test_a_component_that_is_not_there_is_a_key_error_that_names_a_neighbour():
    with pytest.raises(KeyError, match="no component 'psff'; did you mean 'psf'"):
        components()["psff"]


def test_a_number_that_the_archive_lacks_is_refused_with_the_component():
    found = Components({"psf": 7}, components().source)
    with pytest.raises(
        FormatterError,
        match=r"the component psf cannot be read: a.fits: .* no object 7; it has \[1, 2\]",
    ):
        found["psf"]
