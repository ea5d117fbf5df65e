"""Colour terms bring a catalog's magnitudes to the camera's: by Gen2's names, sign and files."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from lsst.pex.config import FieldValidationError

from persistence.pipe.cmdline import overridefiles
from persistence.pipe.task import TaskError
from persistence.tasks.calibrate_config import CalibrateConfig
from persistence.tasks.colorterms import Colorterm, ColortermDict, chosen
from persistence.types.exposure.translator import FilterLabel

G = FilterLabel("g", "g", "g DECam SDSS c0001 4720.0 1520.0")
TERM = Colorterm(primary="g", secondary="r", c0=0.01, c1=-0.1, c2=0.02)
# The file of a camera of Gen2, in the form that obs_subaru's and obs_cfht's have.
GEN2 = """
config.data = {
    "ps1*": ColortermDict(data={
        "g": Colorterm(primary="g", secondary="r", c0=0.0, c1=-0.153),
        "r": Colorterm(primary="r", secondary="g", c1=0.024),
    }),
    "mine": ColortermDict(data={"g": Colorterm(primary="g", secondary="g")}),
}
"""


def config(**settings: Any) -> CalibrateConfig:
    made = CalibrateConfig()
    made.colorterms.data = {"ps1*": {"g": TERM}}
    made.update(**settings)
    return made


@pytest.mark.parametrize(
    ("catalog", "label", "settings", "expected"),
    [
        ("ps1_pv3_3pi_20170110", G, {}, "g"),
        ("ps1", FilterLabel("x", None, "g"), {}, "g"),  # by any of its names
        ("gaia", G, {}, None),
        ("ps1", FilterLabel("u"), {}, None),
        ("ps1", G, {"applyColorTerms": False}, None),
        ("gaia", G, {"photoCatName": "ps1_dr2", "applyColorTerms": True}, "g"),
    ],
)
def test_the_term_is_that_of_the_catalog_and_of_the_filter(
    catalog: str, label: FilterLabel, settings: dict[str, Any], expected: str | None
) -> None:
    term = chosen(config(**settings), catalog, label)
    assert (None if term is None else term.primary) == expected


@pytest.mark.parametrize(
    ("catalog", "band", "said"),
    [
        ("gaia", "g", r"filter g by the catalog 'gaia': calibrate.colorterms.data has ps1\*;"),
        ("ps1", "u", r"filter u by the catalog 'ps1': .* has ps1\*, there with g;"),
    ],
)
def test_a_term_that_has_to_be_there_and_is_not_is_told(catalog: str, band: str, said: str) -> None:
    with pytest.raises(TaskError, match=f"{said}.*applyColorTerms=False"):
        chosen(config(applyColorTerms=True), catalog, FilterLabel(band))


def test_a_name_that_fits_two_patterns_is_refused_unless_it_is_one_itself() -> None:
    made = config()
    made.colorterms.data = {"ps1*": {"g": TERM}, "*_dr2": {"g": TERM}, "ps1_x_dr2": {"r": TERM}}
    with pytest.raises(TaskError, match=r"has 'ps1\*' and '\*_dr2' for the catalog 'ps1_dr2'"):
        chosen(made, "ps1_dr2", G)
    assert chosen(made, "ps1_x_dr2", FilterLabel("r")) is not None


def test_it_is_added_as_gen2_adds_it() -> None:
    """By hand: 20 + 0.01 - 0.1 * 0.5 + 0.02 * 0.25; the error by small changes of both magnitudes."""
    g, r = np.array([20.0]), np.array([19.5])
    value, error = TERM.applied((g, np.array([0.03])), (r, np.array([0.04])))
    assert value == pytest.approx(19.965)
    zero, step = np.zeros(1), 1e-6
    by_g = (TERM.applied((g + step, zero), (r, zero))[0] - value) / step
    by_r = (TERM.applied((g, zero), (r + step, zero))[0] - value) / step
    assert error == pytest.approx(np.hypot(by_g * 0.03, by_r * 0.04), rel=1e-4)


def test_files_of_gen2_and_single_settings_are_taken(tmp_path: Path) -> None:
    path = tmp_path / "colorterms.py"
    path.write_text(f"from lsst.pipe.tasks.colorterms import Colorterm, ColortermDict\n{GEN2}")
    made = config()
    made.colorterms.load(str(path))
    assert isinstance(made.colorterms.data["ps1*"], ColortermDict)
    term = chosen(made, "ps1_pv3", FilterLabel("g"))
    assert term is not None
    assert (term.c0, term.c1, term.c2) == (0.0, -0.153, 0.0)
    assert term.applied((np.ones(1), np.zeros(1)), (np.zeros(1), np.zeros(1)))[0] == 0.847
    overridefiles.finish(made)


def test_what_is_no_colour_term_is_refused() -> None:
    with pytest.raises(FieldValidationError):
        config().colorterms.data = {"ps1*": {"g": "r"}}


def test_decams_terms_are_those_of_its_filters() -> None:
    """Their numbers are obs_decam's; its r is redder than Pan-STARRS', so a red star is brighter."""
    from persistence.tasks.process_ccd_config import ProcessCcdConfig

    made = ProcessCcdConfig()
    folder = Path(__file__).parents[2] / "obs_decam" / "config"
    overridefiles.load(made, str(folder / "processCcd.py"))
    names = {"g": 0.0459, "r": -0.1873, "i": -0.2830, "z": -0.5205}
    for name, slope in names.items():
        term = chosen(made.calibrate, "ps1_pv3_3pi_20170110", FilterLabel(name))
        assert term is not None
        assert term.c1 == pytest.approx(slope, abs=1e-4)
        assert term.primary == name
    for name in ("u", "Y"):  # whose terms nobody gives
        assert chosen(made.calibrate, "ps1_pv3_3pi_20170110", FilterLabel(name)) is None
