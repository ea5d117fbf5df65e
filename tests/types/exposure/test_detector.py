"""Detectors and their amplifiers."""

from __future__ import annotations

import pickle

import pytest

from persistence.types.exposure.detector import Amplifier, Detector
from persistence.types.pixels.box import Box

BOX = Box(0, 0, 1, 1)
A, B = (
    Amplifier(name, BOX, BOX, BOX, BOX, BOX, gain, 6.0, 4e4)
    for name, gain in (("A", 4.0), ("B", 4.1))
)
DETECTOR = Detector("S4", 28, "S3-028", (A, B))


@pytest.mark.parametrize("amplifier", [A, B], ids=["A", "B"])
def test_an_amplifier_is_found_by_its_name(amplifier):
    assert DETECTOR[amplifier.name] is amplifier


@pytest.mark.parametrize("name", ["C", "a", "", 0])
def test_an_unknown_amplifier_is_a_key_error_that_names_the_known(name):
    with pytest.raises(KeyError, match=r"detector S4 has amplifiers \['A', 'B'\]"):
        DETECTOR[name]


def test_a_detector_without_amplifiers_has_none():
    with pytest.raises(KeyError, match=r"amplifiers \[\]"):
        Detector("S4", 28)["A"]


def test_afws_names_say_the_same():
    assert (DETECTOR.getName(), DETECTOR.getId()) == ("S4", 28)


def test_detectors_are_values():
    assert pickle.loads(pickle.dumps(DETECTOR)) == DETECTOR
    assert len({DETECTOR, Detector("S4", 28, "S3-028", (A, B))}) == 1
    with pytest.raises(AttributeError):
        DETECTOR.name = "N4"
