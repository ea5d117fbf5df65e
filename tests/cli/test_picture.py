"""An image as a PNG file."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

from persistence import FormatterError
from persistence.cli import picture


def test_the_first_row_is_at_the_bottom_and_faint_things_show(tmp_path: Path) -> None:
    image = np.random.default_rng(1).normal(100.0, 1.0, (30, 20))
    image[2, 3] = 1e6
    image[20, 10] = 108.0
    image[0, 0] = np.nan
    picture.write(image, str(tmp_path / "x.png"))
    grey = imread(tmp_path / "x.png")[..., 0]
    assert grey.shape == (30, 20)
    assert grey[30 - 1 - 2, 3] == 1.0
    assert grey[30 - 1 - 20, 10] > 2 * np.median(grey)
    assert grey[29, 0] == 0.0
    assert 0.1 < np.median(grey) < 0.5
    # brighter pixels are never darker
    order = np.argsort(image[1:].ravel())
    assert (np.diff(grey[:29][::-1].ravel()[order]) >= 0).all()


@pytest.mark.parametrize("image", [np.array([["not", "pixels"]]), np.zeros(3), np.zeros((2, 2, 2))])
def test_what_is_no_image_is_refused(tmp_path: Path, image: Any) -> None:
    with pytest.raises(FormatterError, match="numbers in rows and columns"):
        picture.write(image, str(tmp_path / "x.png"))
