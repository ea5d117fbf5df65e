"""Who supplies a key of a data ID, by dataset type."""

from __future__ import annotations

import pytest

from persistence.policy import load, suppliers
from persistence.policy.load import CameraPolicy

POLICY = {
    "calibrations": {"flat": {"template": "f-%(filter)s-%(ccd)d-%(patch)s.fits"}},
    "exposures": {
        "raw": {"template": "r-%(visit)d-%(amp)d.fits", "tables": ["raw"]},
        "warp": {"template": "w-%(tract)d-%(visit)d.fits"},
        "coadd": {"template": "c-%(tract)d-%(patch)s-%(filter)s.fits", "tables": ["raw"]},
    },
    "values": {"amp": [1, 2]},
}


@pytest.fixture
def policy() -> CameraPolicy:
    return load.of(POLICY, "<test>")


@pytest.mark.parametrize(
    ("name", "shares", "undecided"),
    [
        ("raw", {"policy": ("amp",), "registry": ("visit",)}, ()),
        ("coadd", {"files": ("tract", "patch"), "registry": ("filter",)}, ("tract", "patch")),
        ("warp", {"files": ("tract", "visit")}, ("tract", "visit")),
        ("flat", {"calibrations": ("filter", "ccd", "patch")}, ()),
    ],
)
def test_each_key_has_one_supplier(
    policy: CameraPolicy, name: str, shares: dict[str, tuple[str, ...]], undecided: tuple[str, ...]
) -> None:
    dataset = policy.types[name]
    assert suppliers.shares(dataset, policy, dataset.keys) == shares
    assert suppliers.undecided(dataset, policy, dataset.keys) == undecided
    assert suppliers.in_registry(dataset, policy, dataset.keys) == (list(shares) == ["registry"])


def test_a_data_id_chooses_among_the_values_that_the_policy_lists(policy: CameraPolicy) -> None:
    assert suppliers.listed(policy, {}) == {"amp": (1, 2)}
    assert suppliers.listed(policy, {"amp": 2}) == {"amp": (2,)}
