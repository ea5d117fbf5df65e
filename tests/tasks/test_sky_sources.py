"""Places without sources: clear of what is flagged, and the same each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence.tasks import sky_sources
from persistence.types.pixels.mask import Mask

FLAGGED = np.zeros((200, 300), bool)
FLAGGED[:, 100:200] = True


def config(**settings: Any) -> Any:
    made = sky_sources.SkySourcesConfig()
    made.update(**settings)
    return made


def choose(seed: int = 3, flagged: Any = FLAGGED, **settings: Any) -> Any:
    mask = Mask.from_flags({"DETECTED": flagged})
    return np.transpose(sky_sources.choose(mask, config(**settings), seed))


def test_they_keep_off_sources_and_the_edge() -> None:
    places = choose(nSources=40, sourceRadius=9.0)
    assert len(places) == 40
    x, y = places.T
    assert ((x < 91) | (x > 208)).all()
    assert (x.min() >= 9, x.max() <= 290, y.min() >= 9, y.max() <= 190) == (True,) * 4
    assert (x < 91).any()
    assert (x > 208).any()


def test_they_are_the_same_for_the_same_exposure_and_others_for_another() -> None:
    assert np.array_equal(choose(5), choose(5))
    assert not np.array_equal(choose(5), choose(6))


@pytest.mark.parametrize(
    ("flagged", "settings"), [(FLAGGED, {"nSources": 0}), (np.ones_like(FLAGGED), {})]
)
def test_there_may_be_none(flagged: Any, settings: dict[str, Any]) -> None:
    assert choose(flagged=flagged, **settings).shape == (0, 2)


def test_planes_that_count_can_be_chosen() -> None:
    assert len(choose(flagged=np.ones_like(FLAGGED), avoidMask=["BAD"])) > 50
