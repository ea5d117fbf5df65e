"""What is particular to text: nothing is changed on the way."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st


@pytest.fixture
def disk(disk_of):
    """Return a folder of texts."""
    return disk_of("TextStorage", None, ".txt")


@settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(text=st.text(st.characters(exclude_categories=["Cs"])) | st.text("\r\n\t a"))
def test_a_text_is_written_in_utf_8_as_it_is_and_read_so(disk, text):
    content = disk.bytes_of(text, name="text.txt")
    assert content == text.encode()
    assert disk.read(disk.put(content, name="text.txt")) == text


def test_a_subclass_of_text_is_text(disk):
    assert disk.there_and_back(type("Name", (str,), {})("x")) == "x"
