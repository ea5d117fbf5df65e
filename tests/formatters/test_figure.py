"""What is particular to figures: the format follows from the final name."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.figure import Figure

from persistence.errors import FormatterError
from persistence.formatters import formatter


@pytest.fixture
def disk(disk_of):
    """Return a folder of figures."""
    return disk_of("MatplotlibStorage", None, ".png")


def figure() -> Figure:
    made = Figure(figsize=(2, 1), dpi=50)
    made.add_axes((0, 0, 1, 1)).set_facecolor("red")
    return made


@pytest.mark.parametrize(
    ("name", "begins"),
    [
        ("plot.png", b"\x89PNG"),
        ("plot.PNG", b"\x89PNG"),
        ("plot", b"\x89PNG"),
        ("plot.jpg", b"\xff\xd8"),
        ("plot.pdf", b"%PDF"),
        ("plot.svg", b"<?xml"),
        ("v1.2/plot", b"\x89PNG"),
    ],
)
def test_a_figure_is_written_in_the_format_of_its_final_name(disk, name, begins):
    if "/" in name:
        location = disk.place(name=name)
        formatter(location.storage).write(figure(), str(disk.folder / "beside"), location)
        content = (disk.folder / "beside").read_bytes()
    else:
        content = disk.bytes_of(figure(), name=name)
    assert content.startswith(begins)


def test_a_figure_comes_back_as_a_picture(disk):
    found = disk.there_and_back(figure())
    assert found.shape == (50, 100, 4)
    assert np.allclose(found[25, 50], [1, 0, 0, 1])


def test_a_figure_without_an_ending_comes_back_as_well(disk):
    assert disk.there_and_back(figure(), name="plot").shape == (50, 100, 4)


@pytest.mark.parametrize("name", ["plot.pdf", "plot.svg"])
def test_a_format_that_is_no_picture_cannot_be_read_back(disk, name):
    location = disk.write(figure(), name=name)
    with pytest.raises(FormatterError, match="cannot be read as an image") as caught:
        disk.read(location)
    assert location.full_path in str(caught.value)


def test_anything_that_can_save_itself_as_a_figure_is_one(disk):
    class Own:
        def savefig(self, path, format):
            with open(path, "w") as stream:
                stream.write(format)

    assert disk.bytes_of(Own(), name="plot.xyz") == b"xyz"


def test_a_format_that_does_not_exist_is_refused_with_the_dataset_type(disk):
    with pytest.raises(FormatterError, match="thing"):
        disk.write(figure(), name="plot.xyz")
