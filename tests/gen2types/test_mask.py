"""Masks: their planes, their bits, their files."""

from __future__ import annotations

import pickle
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

import lsst.afw.image as afwImage
from lsst.geom import Box2I, Extent2I, Point2I
from persistence import gen2types
from persistence.gen2types.images import maskplanes
from persistence.types.pixels.mask import Mask as OurMask

# Source: doc/gen2/afw-files.md, 1.3.
DEFAULT = {
    "BAD": 0, "SAT": 1, "INTRP": 2, "CR": 3, "EDGE": 4, "DETECTED": 5, "DETECTED_NEGATIVE": 6,
    "SUSPECT": 7, "NO_DATA": 8,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _own_planes(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Reset the planes to afw's before each test."""
    monkeypatch.setattr(maskplanes, "_planes", dict(DEFAULT))
    return


def test_there_are_afws_planes() -> None:
    mask = afwImage.Mask(3, 2)
    assert type(mask) is afwImage.MaskX
    assert mask.array.dtype == np.int32
    assert mask.getMaskPlaneDict() == DEFAULT
    assert afwImage.Mask.getNumPlanesMax() == 32
    assert afwImage.Mask.getNumPlanesUsed() == 9


@pytest.mark.parametrize(
    ("names", "value"),
    [("BAD", 1), (["BAD"], 1), (["BAD", "SAT"], 3), (("EDGE", "NO_DATA"), 272), ([], 0)],
)
def test_planes_have_their_values(names: Any, value: int) -> None:
    assert afwImage.Mask.getPlaneBitMask(names) == value
    assert afwImage.Mask(3, 2).getPlaneBitMask(names) == value


def test_a_plane_that_is_added_is_there_for_all_masks() -> None:
    mask, other = afwImage.Mask(3, 2), afwImage.Mask(3, 2)
    assert mask.addMaskPlane("CROSSTALK") == 9
    assert afwImage.Mask.addMaskPlane("CROSSTALK") == 9
    assert afwImage.Mask.addMaskPlane("STREAK") == 10
    assert other.getMaskPlaneDict() == {**DEFAULT, "CROSSTALK": 9, "STREAK": 10}
    assert other.getMaskPlane("STREAK") == 10
    afwImage.Mask.removeMaskPlane("CROSSTALK")
    assert "CROSSTALK" not in mask.getMaskPlaneDict()
    assert afwImage.Mask.addMaskPlane("FAKE") == 9


def test_a_plane_that_is_not_there_is_refused() -> None:
    from persistence.gen2types.exceptions import InvalidParameterError

    with pytest.raises(InvalidParameterError, match="did you mean 'DETECTED'"):
        afwImage.Mask.getPlaneBitMask("DETECTD")


def test_there_are_32_planes_at_most() -> None:
    for number in range(9, 32):
        assert afwImage.Mask.addMaskPlane(f"P{number}") == number
    mask = afwImage.Mask(1, 1)
    mask |= mask.getPlaneBitMask("P31")
    assert mask.array.tolist() == [[-(1 << 31)]]
    assert mask.getAsString(0, 0) == "P31"
    with pytest.raises(RuntimeError, match="ONE_MORE"):
        afwImage.Mask.addMaskPlane("ONE_MORE")


def test_flags_are_set_cleared_and_read() -> None:
    mask = afwImage.Mask(Box2I(Point2I(5, 6), Extent2I(3, 2)))
    mask[5, 6] = mask.getPlaneBitMask(["BAD", "CR"])
    mask[6:8, 6] = 0x20
    assert mask.array.tolist() == [[9, 32, 32], [0, 0, 0]]
    assert mask[5, 6] == 9
    assert type(mask[5, 6]) is int
    assert mask.interpret(9) == "BAD,CR"
    assert mask.getAsString(0, 0) == "BAD,CR"
    mask |= mask.getPlaneBitMask("SAT")
    mask &= ~mask.getPlaneBitMask(["DETECTED"])
    assert mask.array.tolist() == [[11, 2, 2], [2, 2, 2]]
    mask ^= mask.getPlaneBitMask("SAT")
    other = afwImage.Mask(3, 2)
    other.array[1] = 4
    mask |= other
    assert mask.array.tolist() == [[9, 0, 0], [4, 4, 4]]
    mask.clearMaskPlane(mask.getMaskPlane("CR"))
    assert mask[5, 6] == 1
    mask.clearAllMaskPlanes()
    assert not mask.array.any()


def test_a_plane_is_removed_from_one_mask_or_from_all() -> None:
    mask, other = afwImage.Mask(1, 1, 3), afwImage.Mask(1, 1)
    mask.removeAndClearMaskPlane("BAD")
    assert mask.array.tolist() == [[2]]
    assert "BAD" not in mask.getMaskPlaneDict()
    assert "BAD" in other.getMaskPlaneDict()
    mask.removeAndClearMaskPlane("SAT", True)
    assert "SAT" not in other.getMaskPlaneDict()


def test_a_mask_with_other_numbers_gets_those_of_the_process() -> None:
    afwImage.Mask.addMaskPlane("CROSSTALK")  # 9
    array = np.array([[1 << 9, 1 << 10, 1, (1 << 9) + (1 << 20)]], np.int32)
    ours = OurMask(array, {**DEFAULT, "STREAK": 9, "CROSSTALK": 10})
    face = gen2types.wrap(ours)
    assert face.getMaskPlaneDict() == {**DEFAULT, "CROSSTALK": 9, "STREAK": 10}
    assert face.array.tolist() == [[1 << 10, 1 << 9, 1, (1 << 10) + (1 << 20)]]
    assert array.tolist() == [[1 << 9, 1 << 10, 1, (1 << 9) + (1 << 20)]]
    assert [face.astropy[name].tolist() for name in ("STREAK", "CROSSTALK")] == [
        ours[name].tolist() for name in ("STREAK", "CROSSTALK")
    ]


def test_two_names_of_one_bit_are_both_kept() -> None:
    ours = OurMask(np.array([[1 << 9, 0]], np.int32), {**DEFAULT, "STREAK": 9, "TRAIL": 9})
    face = gen2types.wrap(ours)
    for name in ("STREAK", "TRAIL"):
        assert (face.array & face.getPlaneBitMask(name) != 0).tolist() == [[True, False]]


def test_a_mask_with_the_same_numbers_is_shared() -> None:
    ours = OurMask(np.zeros((1, 2), np.int32), {**DEFAULT, "STREAK": 12})
    face = gen2types.wrap(ours)
    assert face.array is ours.array is face.astropy.array
    assert face.astropy.planes["STREAK"] == 12 == afwImage.Mask.getMaskPlane("STREAK")


def test_a_pickled_mask_means_the_same_in_a_process_with_other_planes() -> None:
    afwImage.Mask.addMaskPlane("STREAK")
    mask = afwImage.Mask(1, 1, afwImage.Mask.getPlaneBitMask("STREAK"))
    pickled = pickle.dumps(mask)
    afwImage.Mask.removeMaskPlane("STREAK")
    afwImage.Mask.addMaskPlane("FAKE")
    again = pickle.loads(pickled)
    assert again.getAsString(0, 0) == "STREAK"
    assert again.array.tolist() == [[1 << 10]]


def test_a_mask_in_a_file_has_afws_cards(tmp_path: Path) -> None:
    afwImage.Mask.addMaskPlane("CROSSTALK")
    mask = afwImage.Mask(Box2I(Point2I(5, 6), Extent2I(3, 2)))
    mask.array[0] = [1, 2, 1 << 9]
    path = str(tmp_path / "mask.fits")
    mask.writeFits(path)
    with fits.open(path) as hdus:
        np.testing.assert_array_equal(hdus[1].data, mask.array)
        header = hdus[1].header
        assert (header["MP_BAD"], header["MP_CROSSTALK"]) == (0, 9)
        assert header["MP_DETECTED_NEGATIVE"] == 6
        assert (header["CRVAL1A"], header["CRVAL2A"]) == (5, 6)
    again = afwImage.Mask.readFits(path)
    np.testing.assert_array_equal(again.array, mask.array)
    assert again.getBBox() == mask.getBBox()


def test_masks_of_afw_are_read_by_their_names(real: Path) -> None:
    """Source: the cards MP_* of the file itself, by astropy."""
    path = real / "afw_files" / "exposure-version-2.fits"
    with fits.open(path) as hdus:
        bits = {key[3:]: value for key, value in hdus[2].header.items() if key.startswith("MP_")}
        flags = hdus[2].data
    mask = afwImage.Mask(str(path), 2)
    for name, bit in bits.items():
        theirs = (flags >> bit) & 1
        np.testing.assert_array_equal((mask.array & mask.getPlaneBitMask(name)) != 0, theirs != 0)
