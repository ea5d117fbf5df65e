"""Filters by band and glass, and by the older names."""

from __future__ import annotations

import copy
import pickle
from collections.abc import Iterator
from typing import Any

import pytest

import lsst.afw.image as afwImage
from persistence import gen2types
from persistence.gen2types.exceptions import LogicError, NotFoundError
from persistence.gen2types.images import filters
from persistence.types.exposure.translator import FilterLabel as OurLabel


@pytest.mark.parametrize(
    ("label", "band", "physical"),
    [
        (afwImage.FilterLabel(band="r"), "r", None),
        (afwImage.FilterLabel(physical="HSC-R"), None, "HSC-R"),
        (afwImage.FilterLabel(band="r", physical="HSC-R"), "r", "HSC-R"),
        (afwImage.FilterLabel.fromBand("r"), "r", None),
        (afwImage.FilterLabel.fromPhysical("HSC-R"), None, "HSC-R"),
        (afwImage.FilterLabel.fromBandPhysical("r", "HSC-R"), "r", "HSC-R"),
        (gen2types.wrap(OurLabel("HSC-R", "r", "HSC-R")), "r", "HSC-R"),
    ],
)
def test_a_label_has_a_band_a_physical_filter_or_both(
    label: Any, band: str | None, physical: str | None
) -> None:
    for name, has, value in (
        ("bandLabel", label.hasBandLabel(), band),
        ("physicalLabel", label.hasPhysicalLabel(), physical),
    ):
        assert has is (value is not None)
        if value is None:
            with pytest.raises(LogicError):
                getattr(label, name)
        else:
            assert getattr(label, name) == value
    assert label == copy.copy(label) == pickle.loads(pickle.dumps(label))
    assert hash(label) == hash(copy.deepcopy(label))


def test_labels_are_shown_as_afws() -> None:
    label = afwImage.FilterLabel(band="r", physical="HSC-R")
    assert repr(label) == 'FilterLabel(band="r", physical="HSC-R")'
    assert str(label) == "r HSC-R"
    assert label != afwImage.FilterLabel(band="r")
    with pytest.raises(LogicError):
        afwImage.FilterLabel()


@pytest.fixture
def _defined() -> Iterator[None]:
    filters.defineFilter("r", lambdaEff=620.0, alias=["HSC-R", "r.1"])
    yield
    filters.resetFilters()


@pytest.mark.usefixtures("_defined")
def test_a_filter_that_was_defined_has_its_wavelength() -> None:
    assert afwImage.Filter("HSC-R").getName() == "r"
    assert afwImage.Filter("r.1").getCanonicalName() == "r"
    assert afwImage.Filter("HSC-R").getId() == afwImage.Filter("r").getId()
    assert afwImage.Filter(afwImage.Filter("r").getId()).getName() == "r"
    assert afwImage.Filter("HSC-R").getFilterProperty().getLambdaEff() == 620.0
    assert afwImage.Filter.getNames() == ["r"]
    assert afwImage.FilterProperty.lookup("r").getName() == "r"


def test_a_filter_that_was_not_defined_has_a_name_alone() -> None:
    assert afwImage.Filter("g").getName() == "g"
    assert not afwImage.Filter("g").isUnknown()
    assert afwImage.Filter().isUnknown()
    assert afwImage.Filter().getId() == -1
    with pytest.raises(NotFoundError, match="defineFilter"):
        afwImage.Filter("g").getFilterProperty()
    assert afwImage.Filter({"FILTER": "i   "}.copy()).getName() != ""


@pytest.mark.parametrize(
    ("ours", "name", "aliases"),
    [
        (OurLabel("HSC-R", "r", "HSC-R"), "r", ["HSC-R"]),
        (OurLabel("HSC-I2", "i", "HSC-I2", variant="i2"), "i2", ["HSC-I2"]),
        (OurLabel("g", "g", "g DECam SDSS c0001 4720.0 1520.0"), "g", ["g DECam SDSS c0001 4720.0 1520.0"]),
        (OurLabel("VR"), "VR", []),
    ],
)  # fmt: skip
def test_the_older_filter_of_an_exposure_has_afws_name(
    ours: OurLabel, name: str, aliases: list[str]
) -> None:
    exposure = afwImage.ExposureF(2, 2)
    for face in (afwImage.Filter.of(ours), gen2types.wrap(ours)):  # calexp_filter
        assert face.getName() == face.getCanonicalName() == name
        assert face.getAliases() == aliases
    exposure.setFilterLabel(gen2types.wrap(ours))
    assert exposure.getFilter().getName() == ours.band or ours.name
