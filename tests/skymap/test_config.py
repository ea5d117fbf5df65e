"""What a sky map is made of: defaults, refusals, values as files have them."""

from __future__ import annotations

import pytest

from persistence import skymap
from persistence.errors import PolicyError
from persistence.skymap.config import (
    DiscreteConfig,
    DodecaConfig,
    EquatConfig,
    HealpixConfig,
    RingsConfig,
)


@pytest.mark.parametrize(
    ("config", "expected"),
    [
        (
            RingsConfig(numRings=3),
            {"patchBorder": 100, "tractOverlap": 1.0, "pixelScale": 0.333, "raStart": 0.0},
        ),
        (
            DodecaConfig(),
            {
                "patchBorder": 250,
                "tractOverlap": 3.5,
                "pixelScale": 0.2,
                "withTractsOnPoles": False,
            },
        ),
        (
            DiscreteConfig(),
            {"raList": [], "projection": "STG", "patchInnerDimensions": [4000, 4000]},
        ),
        (EquatConfig(), {"projection": "CEA", "numTracts": 4, "decRange": [-1.25, 1.25]}),
        (HealpixConfig(), {"rotation": 45.0, "log2NSide": 0, "nest": False}),
    ],
)
def test_each_kind_has_its_defaults(config, expected):
    values = config.values()
    assert {name: values[name] for name in expected} == expected
    assert type(config).of(values) == config


@pytest.mark.parametrize(
    ("kind", "values", "message"),
    [
        ("ring", {}, "'ring' is not a kind of sky map .*did you mean 'rings'"),
        ("rings", {}, "RingsConfig needs numRings"),
        ("rings", {"numRing": 3}, "no field 'numRing'; did you mean 'numRings'"),
        ("rings", {"numRings": 0}, "numRings has to be positive, not 0"),
        ("rings", {"numRings": 2.5}, r"numRings has to be a whole number, not 2\.5"),
        ("rings", {"numRings": True}, "numRings has to be a whole number"),
        ("rings", {"numRings": "3"}, "numRings has to be a whole number"),
        ("rings", {"numRings": 3, "raStart": 360}, "raStart has to be from 0 to less than 360"),
        ("dodeca", {"withTractsOnPoles": 1}, "withTractsOnPoles has to be True or False, not 1"),
        ("dodeca", {"pixelScale": 0}, "pixelScale has to be positive"),
        ("dodeca", {"pixelScale": float("nan")}, "pixelScale has to be a number"),
        ("dodeca", {"tractOverlap": -1}, "tractOverlap has to be 0 or more"),
        ("dodeca", {"patchBorder": -1}, "patchBorder has to be 0 or more"),
        ("dodeca", {"patchInnerDimensions": (0, 10)}, "patchInnerDimensions has to be positive"),
        (
            "dodeca",
            {"patchInnerDimensions": (10,)},
            "patchInnerDimensions has to be two whole numbers",
        ),
        ("dodeca", {"projection": "XYZ"}, "projection has to be one of AZP"),
        ("dodeca", {"projection": 5}, "projection has to be a text"),
        ("discrete", {"raList": [1]}, "raList, decList and radiusList has to be of one length"),
        ("discrete", {"raList": 1}, "raList has to be a list of numbers"),
        (
            "discrete",
            {"raList": [1], "decList": [91], "radiusList": [1]},
            "decList has to be from -90 to 90",
        ),
        ("equat", {"decRange": [1, -1]}, "decRange has to be two declinations"),
        ("equat", {"decRange": [1]}, "decRange has to be two numbers"),
        ("equat", {"numTracts": 0}, "numTracts has to be positive"),
        ("healpix", {"log2NSide": 30}, "log2NSide has to be from 0 to 29"),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_could(kind, values, message):
    with pytest.raises(PolicyError, match=message):
        skymap.make(kind, **values)


def test_whole_numbers_are_taken_for_numbers_and_lists_for_pairs():
    config = skymap.make(
        "equat", decRange=[-1, 1], patchInnerDimensions=[10, 20], rotation=1
    ).config
    assert (
        repr((config.decRange, config.patchInnerDimensions, config.rotation))
        == "((-1.0, 1.0), (10, 20), 1.0)"
    )
