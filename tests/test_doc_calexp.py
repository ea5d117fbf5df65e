"""The page doc/calexp.rst: its cells are run in order, print what it shows, and draw what they should."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.image import imread

pytestmark = pytest.mark.real
PAGE = Path(__file__).resolve().parents[1] / "doc" / "calexp.rst"
CELL = re.compile(r"^\.\. code-block:: (python|text)\n\n((?:    .*\n|\n)+)", re.M)
WIDTH, HEIGHT = 1200, 900


def cells() -> list[tuple[str, str]]:
    """Return the kind and the text of each cell."""
    return [
        (kind, re.sub("^    ", "", text, flags=re.M).strip("\n"))
        for kind, text in CELL.findall(PAGE.read_text())
    ]


@pytest.fixture(scope="module")
def place(real: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Work in a directory where the real repository is called as the page calls it."""
    folder = tmp_path_factory.mktemp("calexp")
    (folder / "obs_test").symlink_to(real / "gen2_repos" / "obs_test")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        yield folder


@pytest.fixture(scope="module")
def page(place: Path) -> dict[str, Any]:
    """Run all cells; gives the names that they define, and what is ``printed`` beside what is shown."""
    names: dict[str, Any] = {"__name__": "page"}
    pairs: list[tuple[str, str]] = []
    lines: list[str] = []
    names["print"] = lambda *values: lines.append(" ".join(map(str, values)))
    for kind, text in cells():
        if kind == "python":
            lines.clear()
            exec(compile(text, PAGE.name, "exec"), names)
        else:
            pairs.append(("\n".join(lines), text))
    return names | {"printed": pairs, "picture": imread(place / "calexp.png")[:, :, :3]}


def at(page: dict[str, Any], panel: str, x: float, y: float) -> Any:
    """Return the colour of the picture where a panel has a position."""
    column, row = page["panels"][panel].transData.transform((x, y))
    return page["picture"][HEIGHT - 1 - int(row), int(column)]


def test_the_page_shows_what_its_cells_print(page: dict[str, Any]) -> None:
    assert len(page["printed"]) == 4
    for printed, shown in page["printed"]:
        assert printed == shown


def test_the_figure_is_there_in_its_size_and_colours(page: dict[str, Any]) -> None:
    assert page["picture"].shape == (HEIGHT, WIDTH, 3)
    assert len(np.unique(page["picture"].reshape(-1, 3), axis=0)) > 100


@pytest.mark.parametrize(("plane", "channel"), [("EDGE", 1), ("DETECTED", 2), ("SAT", 0)])
def test_each_plane_of_the_mask_has_its_colour_where_it_is_alone_on_top(
    page: dict[str, Any], plane: str, channel: int
) -> None:
    field = page["field"]
    mask = field.mask
    others = mask.any_of(set(mask.counts()) - {plane, "DETECTED"})
    rows, columns = np.nonzero(mask[plane] & ~others)
    x, y = columns[0] + field.bbox.x0, rows[0] + field.bbox.y0
    assert np.argmax(at(page, "field", x - 0.3, y - 0.3)) == channel


def test_what_is_not_flagged_is_grey(page: dict[str, Any]) -> None:
    field = page["field"]
    rows, columns = np.nonzero(field.mask.array == 0)
    assert np.ptp(at(page, "field", columns[5] + field.bbox.x0, rows[5] + field.bbox.y0)) == 0


@pytest.mark.parametrize(("panel", "box"), [("calexp", (0, 0, 8, 4)), ("field", (80, 186, 64, 80))])
def test_the_axes_are_the_parent_images_pixels(
    page: dict[str, Any], panel: str, box: tuple[int, ...]
) -> None:
    x0, y0, width, height = box
    axes = page["panels"][panel]
    assert axes.get_xlim() == (x0 - 0.5, x0 + width - 0.5)
    assert axes.get_ylim() == (y0 - 0.5, y0 + height - 0.5)
    assert page[panel].bbox == page["Box"](*box)


def test_the_markers_are_on_the_sources_and_flagged_ones_differ(page: dict[str, Any]) -> None:
    found = page["found"]
    x, y = (np.asarray(found[f"slot_Centroid_{axis}"]) for axis in "xy")
    bad = np.asarray(found["slot_PsfFlux_flag"])
    assert 0 < bad.sum() < len(bad)
    for chosen, drawn in zip((~bad, bad), page["panels"]["field"].collections, strict=True):
        # Through a WCS of TPV, whose inverse astropy iterates.
        assert np.abs(drawn.get_offsets() - np.stack([x, y], axis=1)[chosen]).max() < 1e-3
    drawn = np.concatenate([one.get_offsets() for one in page["panels"]["calexp"].collections])
    assert np.abs(drawn - [[1.2, 2.1], [6.6, 2.4], [4.0, 0.8]]).max() < 1e-5


def test_the_legends_name_planes_and_markers(page: dict[str, Any]) -> None:
    legends = {name: axes.get_legend() for name, axes in page["panels"].items()}
    assert [text.get_text() for text in legends["calexp"].get_texts()] == [
        "EDGE (32)",
        "sources (2)",
        "flagged (1)",
    ]
    assert {text.get_text().split()[0] for text in legends["field"].get_texts()} == {
        "EDGE", "DETECTED", "SAT", "sources", "flagged",
    }  # fmt: skip


def test_no_window_is_wanted() -> None:
    assert not [text for _, text in cells() if "pyplot" in text]


def test_what_the_sources_are_is_what_was_put(page: dict[str, Any]) -> None:
    brightest = page["brightest"]
    kernel = page["field"].psf.image(brightest["slot_Centroid_x"], brightest["slot_Centroid_y"])
    inside = page["field"][page["Box"](103, 189, 21, 21)]
    assert kernel.bbox == inside.bbox
    flux = (inside.image * kernel.array).sum() / (kernel.array**2).sum()
    assert brightest["slot_PsfFlux_instFlux"] == pytest.approx(flux)
