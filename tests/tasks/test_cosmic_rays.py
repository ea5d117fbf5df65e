"""Cosmic rays: which pixels are one track."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as st_numpy
from numpy.typing import NDArray
from scipy.ndimage import label

from persistence.tasks import cosmic_rays

SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 9))


@settings(deadline=None, max_examples=60)
@given(st_numpy.arrays(np.bool_, SHAPES))
def test_tracks_are_what_scipy_labels_with_corners(flagged: NDArray[np.bool_]) -> None:
    ours = cosmic_rays.tracks(np.flatnonzero(flagged), flagged.shape)
    theirs = label(flagged, np.ones((3, 3)))[0][flagged]
    assert len(set(zip(ours, theirs, strict=True))) == len(set(ours)) == len(set(theirs))
    assert set(ours) == set(range(len(set(ours))))
