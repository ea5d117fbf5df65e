"""The names that ``get`` takes: dataset types and their views."""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from obs_decam.mapper import DecamMapper
from persistence.dataids import request as names
from persistence.dataids.request import Request
from persistence.errors import UnknownDatasetType
from persistence.formatters.views import READERS
from persistence.policy import load


@dataclass(frozen=True)
class Kind:
    section: str
    storage: str | None


EXPOSURE = Kind("exposures", "FitsStorage")
CATALOG = Kind("datasets", "FitsCatalogStorage")
KINDS = {
    "calexp": EXPOSURE,
    "image": Kind("images", "FitsStorage"),
    "bias": Kind("calibrations", "FitsStorage"),
    "table": Kind("datasets", "FitsStorage"),
    "src": CATALOG,
    "src_schema": CATALOG,
    "src_md": Kind("datasets", "YamlStorage"),
    "config": Kind("datasets", "ConfigStorage"),
    "deep_coadd": EXPOSURE,
}
DECAM = load.load(DecamMapper.policyFile).types


@pytest.mark.parametrize(
    ("name", "request_"),
    [
        ("calexp", Request("calexp")),
        ("calexp_md", Request("calexp", "md")),
        ("calexp_header_wcs", Request("calexp", "header_wcs")),
        ("calexp_filename", Request("calexp", "filename")),
        ("config_filename", Request("config", "filename")),
        ("deep_coadd", Request("deep_coadd")),
        ("deep_coadd_sub", Request("deep_coadd", "sub")),
        ("image_bbox", Request("image", "bbox")),
        ("bias_sub", Request("bias", "sub")),
        ("src_len", Request("src", "len")),
        ("src_schema", Request("src_schema")),
        ("src_schema_len", Request("src_schema", "len")),
        ("src_md", Request("src_md")),
        ("src_md_filename", Request("src_md", "filename")),
    ],
)
def test_a_name_is_taken_apart_into_type_and_view(name, request_):
    found = names.parse(name, KINDS)
    assert found == request_
    assert found.name == name


def test_the_longest_dataset_type_wins():
    kinds = {"calexp": EXPOSURE, "calexp_header": EXPOSURE}
    assert names.parse("calexp_header_wcs", kinds) == Request("calexp_header", "wcs")
    assert names.parse("calexp_header_wcs", {"calexp": EXPOSURE}) == Request("calexp", "header_wcs")


@pytest.mark.parametrize(
    "name",
    [
        "",
        "calxep",
        "calexp_",
        "_md",
        "calexp_nosuchview",
        "calexp_md_md",
        "calexp_len",
        "config_md",
        "image_wcs",
        "bias_bbox",
        "table_wcs",
        "src_sub",
        "src_md_md",
        "nosuch.wcs",
        ".wcs",
        "calexp.wcs",
        "calexp_sub.wcs",
        "CALEXP",
    ],
)
def test_a_name_of_nothing_is_refused(name):
    with pytest.raises(UnknownDatasetType, match=r"^DecamMapper has no dataset type"):
        names.parse(name, KINDS, "DecamMapper")


def test_a_misspelt_view_is_told_its_neighbour():
    with pytest.raises(UnknownDatasetType, match="did you mean 'calexp_bbox'"):
        names.parse("calexp_bbxo", KINDS)


def test_the_name_of_a_calibration_before_2019_is_taken_and_not_listed():
    assert names.parse("calexp_calib", KINDS) == names.Request("calexp", "calib")
    assert names.Request("calexp", "calib").name == "calexp_calib"
    assert "calexp_calib" not in names.all_names(KINDS)


def test_a_schema_has_no_schema():
    assert "src_schema_schema" not in names.all_names(KINDS)
    with pytest.raises(UnknownDatasetType):
        names.parse("src_schema_schema", KINDS)


@pytest.mark.parametrize(
    ("name", "kind", "listed"),
    [
        (
            "raw",
            EXPOSURE,
            "raw raw_bbox raw_detector raw_filename raw_filter raw_filterLabel raw_header_wcs raw_md raw_photoCalib "
            "raw_sub raw_visitInfo raw_wcs",
        ),
        ("im", Kind("images", "FitsStorage"), "im im_bbox im_filename im_md im_sub"),
        ("flat", Kind("calibrations", "FitsStorage"), "flat flat_filename flat_md flat_sub"),
        ("src", CATALOG, "src src_filename src_len src_md src_schema"),
        ("x", Kind("datasets", "PickleStorage"), "x x_filename"),
        ("x", Kind("datasets", None), "x x_filename"),
    ],
)
def test_the_views_of_a_type_follow_from_its_storage_and_section(name, kind, listed):
    assert sorted(names.all_names({name: kind})) == listed.split()


@pytest.mark.parametrize(
    ("what", "kinds"),
    [
        ("'raw' brings", {"raw": EXPOSURE}),
        ("'src' brings", {"src": CATALOG, "src_schema": CATALOG}),
    ],
)
def test_the_listed_names_are_the_originals(vectors, what, kinds):
    (answer,) = [
        entry["result"] for entry in vectors("behaviours")["probes"] if what in entry["what"]
    ]
    assert sorted(names.all_names(kinds)) == answer


@pytest.mark.parametrize("name", sorted(KINDS))
def test_every_listed_name_is_read_as_what_it_says(name):
    listed = [one for one in names.all_names(KINDS) if one.startswith(name)]
    assert name in listed
    for one in listed:
        request = names.parse(one, KINDS)
        assert request.datasetType in KINDS
        assert one == (
            request.datasetType if request.view is None else f"{request.datasetType}_{request.view}"
        )


def test_every_name_that_decam_lists_is_read_as_what_it_says():
    for name in names.all_names(DECAM):
        request = names.parse(name, DECAM)
        assert request.datasetType in DECAM
        assert name == request.name


def test_no_name_is_listed_twice():
    listed = list(names.all_names(DECAM))
    assert len(listed) == len(set(listed)) > 1000


def test_every_view_but_the_butlers_own_has_a_reader():
    assert set(names.VIEWS) - set(READERS) == {"filename", "sub"}
    assert set(READERS) <= {*names.VIEWS, *names.COMPONENTS.values()}
