"""Templates of tasks' metadata, where a camera gives none."""

from __future__ import annotations

from pathlib import Path

import pytest

from persistence import Butler
from persistence.cameras.installed import camera
from persistence.policy import load

CAMERA = "exposures: {{raw: {{template: '{raw}', tables: raw}}{calexp}}}\n"
CALEXP = ", calexp: {template: 'calexp/%(visit)d/%(visit)05d-%(ccd)s.fits', tables: raw}"


@pytest.mark.parametrize(
    ("raw", "calexp", "template"),
    [
        (
            "raw/%(visit)07d_%(ccd)02d.fits", "",
            "isr_metadata/isr_metadata-%(visit)07d_%(ccd)02d.yaml",
        ),
        (
            "raw/%(visit)d.fits[%(hdu)d]", "", "isr_metadata/isr_metadata-%(visit)d_%(hdu)d.yaml"
        ),
        ("raw/%(visit)d.fits[%(hdu)d]", CALEXP, "isr_metadata/isr_metadata-%(visit)d_%(ccd)s.yaml"),
    ],
)  # fmt: skip
def test_metadata_have_the_keys_of_the_camera(
    tmp_path: Path, raw: str, calexp: str, template: str
) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(CAMERA.format(raw=raw, calexp=calexp))
    types = load.load(str(path)).types
    found = types["isr_metadata"]
    assert found.template is not None
    assert found.template.text == template
    assert found.keys == found.template.keys
    for name in ("processCcd_metadata", "calibrate_metadata", "processCcd_config", "packages"):
        assert types[name].template is not None, name


@pytest.mark.parametrize("name", ["decam", "hsc", "latiss", "imsim", "megacam"])
def test_no_task_of_an_exposure_lacks_a_place_for_its_metadata(name: str) -> None:
    types = camera(name)().types
    lacking = [
        dataset.name
        for dataset in types.values()
        if dataset.name.endswith(("_metadata", "_config")) and dataset.template is None
        and (dataset.tables or dataset.name.endswith("_config"))
    ]  # fmt: skip
    assert lacking == []


def test_what_a_camera_says_stays() -> None:
    template = camera("latiss")().types["processCcd_metadata"].template
    assert template is not None
    assert template.text.startswith("processCcd_metadata/%(expId)013d-%(filter)s/")


def test_without_keys_there_is_no_default(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text("exposures: {raw: {template: 'raw.fits'}}\n")
    assert load.load(str(path)).types["isr_metadata"].template is None


def test_metadata_are_put_and_read_on_a_camera_of_one_line(tmp_path: Path) -> None:
    path = tmp_path / "toy.yaml"
    path.write_text(CAMERA.format(raw="raw/%(visit)d.fits", calexp=""))
    butler = Butler(tmp_path / "repo", mapper=str(path))
    butler.put({"a": 1}, "processCcd_metadata", visit=7)
    assert butler.get("processCcd_metadata", visit=7).toDict() == {"a": 1}
    assert (tmp_path / "repo/processCcd_metadata/processCcd_metadata-7.yaml").exists()


@pytest.mark.parametrize("name", ["decam", "hsc", "latiss", "imsim", "megacam", "sdss", "test"])
def test_summaries_and_pictures_have_a_place_on_every_camera(name: str) -> None:
    types = camera(name)().types
    raw_keys = set(types["calexp"].template.keys)  # type: ignore[union-attr]
    for kind in ("ccdSummary", "charImage_plotPsf", "calibrate_plotZeroPoint"):
        template = types[kind].template
        assert template is not None, kind
        assert set(template.keys) == raw_keys, kind
    whole = types["visitSummary"].template
    assert whole is not None
    assert {"visit", "expId", "field"} & set(whole.keys)
    assert not {"ccd", "ccdnum", "detector", "detectorName", "raftName"} & set(whole.keys)


@pytest.mark.parametrize(
    ("settings", "keys"),
    [
        ("detectors: {key: ccd}", {"visit", "filter"}),
        ("levels: {visit: [ccd, filter]}", {"visit"}),
        (
            "ingest: {register: {columns: {visit: int, ccd: int, filter: text}, visit: [visit]}}",
            {"visit"},
        ),
        ("", {"visit", "ccd", "filter"}),  # who knows what ccd may be
    ],
)
def test_the_summary_of_a_visit_has_the_keys_of_visits(
    tmp_path: Path, settings: str, keys: set[str]
) -> None:
    path = tmp_path / "toy.yaml"
    raw = "exposures: {raw: {template: 'raw/%(visit)d-%(filter)s-%(ccd)02d.fits'}}"
    path.write_text(f"{raw}\n{settings}\n")
    found = load.load(str(path)).types["visitSummary"]
    assert found.template is not None
    assert set(found.keys) == set(found.template.keys) == keys


@pytest.mark.parametrize("name", ["decam", "hsc", "latiss", "imsim", "megacam", "sdss"])
def test_the_marker_of_what_is_stored_has_a_place_on_every_camera(name: str) -> None:
    types = camera(name)().types
    marker, model = types["apdb_marker"].template, types["calexp"].template
    assert marker is not None
    assert model is not None
    assert set(marker.keys) >= set(model.keys) - {"filter"}
