"""Where aliases lead; which there are is tested with the cards that say it, in `test_schema`."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persistence.types.table import aliases

ALIASES = {
    "slot_Centroid": "base_SdssCentroid",
    "slot_PsfFlux": "base_PsfFlux",
    "slot_PsfFlux_flag": "flags_psf",
    "base_PsfFlux_instFlux": "base_PsfFlux_flux",
    "best": "slot_PsfFlux",
    "ring": "gnir",
    "gnir": "ring",
    "more": "more_and",
}


@pytest.mark.parametrize(
    ("name", "field"),
    [
        ("id", "id"),
        ("slot_Centroid", "base_SdssCentroid"),
        ("slot_Centroid_x", "base_SdssCentroid_x"),
        ("slot_PsfFlux_instFlux", "base_PsfFlux_flux"),
        ("slot_PsfFlux_flag", "flags_psf"),
        ("slot_PsfFlux_flag_edge", "flags_psf_edge"),
        ("slot_PsfFlux_zzz", "base_PsfFlux_zzz"),
        ("best_instFlux", "base_PsfFlux_flux"),
        ("ring", "ring"),
        ("more", "more"),
        ("", ""),
    ],
)
def test_aliases_replace_a_name_or_its_longest_beginning(name, field):
    assert aliases.resolve(name, ALIASES) == field


@given(
    st.text("ab_", max_size=6),
    st.dictionaries(st.text("ab_", max_size=3), st.text("ab_", max_size=3), max_size=6),
)
def test_following_aliases_ends(name, given_aliases):
    assert isinstance(aliases.resolve(name, given_aliases), str)
