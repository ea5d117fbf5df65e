"""`AssociationTask` names the objects of sources."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from persistence.tasks.associate import AssociationConfig, AssociationTask

ARCSEC = 1 / 3600


@pytest.mark.parametrize(
    ("radius", "expected"), [(1.0, [7, 102]), (0.1, [101, 102]), (20.0, [7, 8])]
)
def test_sources_without_an_object_make_one_with_their_own_number(
    radius: float, expected: list[int]
) -> None:
    objects: Any = {
        "diaObjectId": np.array([7, 8]),
        "ra": np.array([10.0, 10.0]),
        "dec": np.array([0.0, 10 * ARCSEC]),
    }
    sources: Any = {
        "diaSourceId": np.array([101, 102]),
        "ra": np.array([10.0, 10.0]),
        "dec": np.array([0.5 * ARCSEC, 5.5 * ARCSEC]),
    }
    config = AssociationConfig()
    config.maxDistArcSeconds = radius
    task = AssociationTask(config=config)
    found = task.run(sources, objects)
    assert found.diaObjectIds.tolist() == expected
    assert found.isNew.tolist() == [identifier > 100 for identifier in expected]
    assert task.metadata["numNewDiaObjects"] == sum(found.isNew)
    assert sources.keys() == {"diaSourceId", "ra", "dec"}


def test_gen2s_module_has_the_same_task() -> None:
    from lsst.ap import association

    assert association.AssociationTask is AssociationTask
    assert "DiaPipelineTask" in dir(association)
