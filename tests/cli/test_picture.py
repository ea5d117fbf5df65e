"""A quick look at an image."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from matplotlib.image import imread

from persistence.cli import picture


def test_the_first_row_is_at_the_bottom_and_faint_things_show(tmp_path: Path) -> None:
    image = np.random.default_rng(1).normal(100.0, 1.0, (30, 20))
    image[2, 3] = 1e6
    image[20, 10] = 108.0
    picture.save(image, str(tmp_path / "x.png"))
    grey = imread(tmp_path / "x.png")[..., 0]
    assert grey.shape == (30, 20)
    assert grey[30 - 1 - 2, 3] == 1.0
    assert grey[30 - 1 - 20, 10] == 1.0
    assert 0.2 < np.median(grey) < 0.8


def test_a_picture_that_cannot_be_made_leaves_nothing(tmp_path: Path) -> None:
    with pytest.raises((TypeError, ValueError)):
        picture.save(np.array([["not", "pixels"]]), str(tmp_path / "x.png"))
    assert list(tmp_path.iterdir()) == []
