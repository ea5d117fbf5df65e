"""Dataset types that need no policy: the camera, the integer of an exposure, the sky policy."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.cameras.camera_mapper import CameraMapper
from persistence.errors import DataIdError, PolicyError

ID = {"visit": 410877, "ccdnum": 28}


def test_a_butler_hands_out_the_camera_of_its_mapper(root: Path) -> None:
    butler = Butler(str(root))
    camera = butler.get("camera")
    assert (camera.name, len(camera), camera[28].name) == ("DECam", 62, "S4")
    assert pickle.loads(pickle.dumps(butler)).get("camera")["S4"].id == 28
    assert {"camera", "expIdInfo", "skypolicy"} <= set(butler.getDatasetTypes())
    assert butler.getKeys("camera") == {}


def test_the_integer_of_an_exposure_comes_with_its_bits(root: Path) -> None:
    information = Butler(str(root)).get("expIdInfo", ID)
    # doc/gen2/gen2-core.md, 7.6: visit * 100 + ccdnum, of 32 bits
    assert (information.expId, information.expBits) == (41087728, 32)
    assert (information.maxBits, information.unusedBits) == (None, 32)


def test_an_exposure_whose_integer_does_not_fit_is_refused(root: Path) -> None:
    with pytest.raises(DataIdError, match="needs 33 bits"):
        Butler(str(root)).get("expIdInfo", visit=42949673, ccdnum=1)


def make(**policy: Any) -> Any:
    raw = {"raw": {"template": "raw/%(visit)d.fits"}}
    return CameraMapper({"exposures": raw, **policy})


def test_a_policy_without_what_is_asked_for_is_told() -> None:
    mapper = make()
    for name, message in (
        ("camera", "No camera dataset available: .* it has no focalPlane"),
        ("expIdInfo", "does not define numbers of exposures"),
        ("skypolicy", "has no skytiles"),
    ):
        with pytest.raises(PolicyError, match=message):
            mapper.hook("bypass", name)(name, None, None, {"visit": 1})


def test_the_sky_policy_is_what_the_policy_says_of_skytiles() -> None:
    mapper = make(skytiles={"resolutionPix": 50})
    made = mapper.hook("bypass", "skypolicy")("skypolicy", None, None, {})
    assert made == {"resolutionPix": 50}


def test_a_camera_may_number_its_exposures_itself() -> None:
    class Own(CameraMapper):
        def bypass_ccdExposureId(
            self, datasetType: Any, pythonType: Any, location: Any, dataId: Any
        ) -> int:
            return 7 * int(dataId["visit"])

        def bypass_ccdExposureId_bits(
            self, datasetType: Any, pythonType: Any, location: Any, dataId: Any
        ) -> int:
            return 40

    sources = {"src": {"template": "src/%(visit)d.fits"}}
    mapper: Any = Own({"datasets": sources})
    made = mapper.hook("bypass", "expIdInfo")("expIdInfo", None, None, {"visit": 6})
    assert (made.expId, made.expBits) == (42, 40)


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"size": [1, 2, 3]}, "focalPlane.size is a pair"),
        ({"toAngle": ["x"]}, "focalPlane.toAngle has to be a number"),
        ({"amplifiers": {"S": {"A": {}}}}, "focalPlane.amplifiers.S.A needs data"),
    ],
)
def test_a_focal_plane_that_is_invalid_is_refused(changed: Any, message: str) -> None:
    plane = {
        "pixel": 0.01, "scale": 20, "reference": [0, 0], "offsets": {"ccd": {"1": [0, 0]}},
    }  # fmt: skip
    with pytest.raises(PolicyError, match=message):
        make(focalPlane={**plane, **changed})
