"""Cameras' files that build on another: what is inherited, what is laid over it, what is refused."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any

import pytest

from obs_decam import DecamMapper
from obs_decam.headers import DecamHeaders
from persistence import Butler, CameraNotFound, PolicyError
from persistence.cameras import yaml_camera
from persistence.cameras.yaml_camera import mapper_class
from persistence.cli import ingest_images
from persistence.files import entry_points
from persistence.policy import load


def settings(folder: Path, below: str, above: str) -> Any:
    (folder / "below.yaml").write_text(below)
    (folder / "above.yaml").write_text(f"base: below.yaml\n{above}")
    return load.load(str(folder / "above.yaml")).settings


# What the base says; what the file says; what holds then.
RULES: dict[str, tuple[str, str, Any]] = {
    "names are added and replaced one by one": (
        "aliases: {ccd: ccdnum, sensor: ccdnum}",
        "aliases: {sensor: chip, detector: ccdnum}",
        {"aliases": {"ccd": "ccdnum", "sensor": "chip", "detector": "ccdnum"}},
    ),
    "what stands below a name is replaced as a whole": (
        "identifiers: {exposure: {visit: 100, ccdnum: 1}, exposureBits: 32}",
        "identifiers: {exposure: {visit: 200, ccd: 1}}",
        {"identifiers": {"exposure": {"visit": 200, "ccd": 1}, "exposureBits": 32}},
    ),
    "headers count attribute by attribute": (
        "headers: {filter: FILT, visit: {ra: {key: RA, scale: 15}, dec: DEC}}",
        "headers: {visit: {ra: {key: TELRA}}}",
        {"headers": {"filter": "FILT", "visit": {"ra": {"key": "TELRA"}, "dec": "DEC"}}},
    ),
    "a property has one source, the file's own": (
        "ingest: {parse: {translation: {visit: EXPNUM, filter: FILTER}, translators: {date: translate_date}}}",
        "ingest: {parse: {translation: {date: NIGHT}, translators: {filter: filter_name}}}",
        {
            "ingest": {
                "parse": {
                    "translation": {"visit": "EXPNUM", "date": "NIGHT"},
                    "translators": {"filter": "filter_name"},
                }
            }
        },
    ),
    "columns are added, lists replaced": (
        "ingest: {register: {columns: {visit: int}, unique: [visit]}}",
        "ingest: {register: {columns: {ccd: int}, unique: [visit, ccd]}}",
        {
            "ingest": {
                "register": {"columns": {"visit": "int", "ccd": "int"}, "unique": ["visit", "ccd"]}
            }
        },
    ),
    "curated calibrations are as deep": (
        "ingestCalibs: {curated: {parse: {translation: {ccd: CCD, filter: FILTER}}}}",
        "ingestCalibs: {curated: {parse: {translation: {ccd: CHIP}}}}",
        {
            "ingestCalibs": {
                "curated": {"parse": {"translation": {"ccd": "CHIP", "filter": "FILTER"}}}
            }
        },
    ),
    "filters keep their places, and new ones come last": (
        "filters: [{physical: g1}, {physical: r1}]",
        "filters: [{physical: i1}, {physical: g1, band: g}]",
        {"filters": [{"physical": "g1", "band": "g"}, {"physical": "r1"}, {"physical": "i1"}]},
    ),
    "amplifiers are of one camera": (
        "amplifiers: {A: {at: [0, 0], flip: [false, false]}}",
        "amplifiers: {B: {at: [0, 0], flip: [false, false]}}",
        {"amplifiers": {"B": {"at": [0, 0], "flip": [False, False]}}},
    ),
    "the name in Gen2's repositories is not handed on": (
        "mapper: lsst.obs.a.AMapper\npackage: obs_a",
        "",
        {"base": "below.yaml", "package": "obs_a"},
    ),
}


@pytest.mark.parametrize("case", RULES)
def test_a_file_is_laid_over_its_base_section_by_section(tmp_path: Path, case: str) -> None:
    below, above, expected = RULES[case]
    said = settings(tmp_path, below, above)
    assert {key: said[key] for key in expected} == expected
    assert "mapper" not in said


def test_a_section_can_be_left_out_of_what_is_inherited(tmp_path: Path) -> None:
    (tmp_path / "below.yaml").write_text("filters: [{physical: g1}]\naliases: {a: b}\n")
    path = tmp_path / "above.yaml"
    path.write_text("base: {camera: below.yaml, without: [filters]}\nfilters: [{physical: V}]\n")
    said = load.load(str(path)).settings
    assert (said["filters"], said["aliases"]) == ([{"physical": "V"}], {"a": "b"})


def test_what_a_part_needs_its_base_may_say(tmp_path: Path) -> None:
    said = settings(tmp_path, "detectors: {key: ccd}", "detectors: {names: {1: N1}}")
    assert said["detectors"] == {"key": "ccd", "names": {"1": "N1"}}
    with pytest.raises(PolicyError, match=r"above.yaml:2: detectors needs key"):
        settings(tmp_path, "{}", "detectors: {names: {1: N1}}")


def test_bases_make_a_chain(tmp_path: Path) -> None:
    (tmp_path / "lowest.yaml").write_text("aliases: {a: x, b: x, c: x}\n")
    said = settings(tmp_path, "base: lowest.yaml\naliases: {b: y}", "aliases: {c: z}")
    assert said["aliases"] == {"a": "x", "b": "y", "c": "z"}


def test_a_base_that_changed_is_read_again(tmp_path: Path) -> None:
    assert settings(tmp_path, "aliases: {a: x}", "")["aliases"] == {"a": "x"}
    path = str(tmp_path / "above.yaml")
    assert load.load(path) is load.load(path)
    (tmp_path / "below.yaml").write_text("aliases: {a: longer}\n")
    assert load.load(path).settings["aliases"] == {"a": "longer"}


def test_a_setting_is_told_with_the_file_and_line_that_says_it(tmp_path: Path) -> None:
    settings(tmp_path, "aliases:\n  a: x\n  b: x\nfilters: [{physical: g}]", "aliases:\n  b: y\n")
    policy = load.load(str(tmp_path / "above.yaml"))
    assert policy.where("aliases", "a") == f"{tmp_path}/below.yaml:2"
    assert policy.where("aliases", "b") == f"{tmp_path}/above.yaml:3"
    assert policy.where("filters", 0, "physical") == f"{tmp_path}/below.yaml:4"
    assert policy.where("nothing") == f"{tmp_path}/above.yaml"


# -- cameras that are there
# ---------------------------------------------------------------------------------------------


def test_an_included_camera_is_a_base_by_its_name_or_its_file(tmp_path: Path) -> None:
    for number, name in enumerate(["lsst.yaml", "lsst", "hsc", "lsst.obs.hsc.HscMapper"]):
        path = tmp_path / f"mine{number}.yaml"
        path.write_text(f"base: {name}\n")
        own = "lsst" if "lsst" in name[:5] and "hsc" not in name else "hsc"
        assert (
            load.load(str(path)).settings["package"]
            == {"lsst": "obs_lsst", "hsc": "obs_subaru"}[own]
        )


def test_a_camera_with_a_class_is_inherited_whole(tmp_path: Path, raws: list[str]) -> None:
    """DECam itself tells what is right: a file that says nothing else is DECam."""
    camera = tmp_path / "mine.yaml"
    camera.write_text(
        "base: decam\ningest: {register: {columns: {airmass: double}}, parse: {translation: {airmass: AIRMASS}}}\n"
    )
    rows = {}
    for name, mapper in (("theirs", "decam"), ("mine", str(camera))):
        root = tmp_path / name
        root.mkdir()
        assert ingest_images.main([str(root), *raws, "--mapper", mapper]) == 0
        with contextlib.closing(sqlite3.connect(root / "registry.sqlite3")) as database, database:
            database.row_factory = sqlite3.Row
            rows[name] = [
                dict(row) for row in database.execute("SELECT * FROM raw ORDER BY visit, ccdnum")
            ]
    assert all(row.pop("airmass") > 1 for row in rows["mine"])
    assert rows["mine"] == rows["theirs"]
    raw = Butler(tmp_path / "mine", mapper=str(camera)).get("raw", visit=410877, ccdnum=25)
    assert [amplifier.name for amplifier in raw.detector.amplifiers] == ["A", "B"]
    made = mapper_class(str(camera))()
    assert isinstance(made, DecamMapper)
    assert isinstance(made.translator, DecamHeaders)
    assert made.camera is not None
    assert made.camera["N4"].id == DecamMapper().camera["N4"].id  # type: ignore[index]


def test_a_class_that_makes_itself_gives_its_files_and_knows_its_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class OldMapper(DecamMapper):
        def __init__(self, **keywords: Any) -> None:
            super().__init__(policy={"aliases": {"a": "b"}}, **keywords)

    announced = {**entry_points.announced("persistence.cameras"), "old": "somewhere:OldMapper"}
    monkeypatch.setattr(entry_points, "announced", lambda group: announced)
    monkeypatch.setattr(entry_points, "rivals", lambda group, name: [])
    monkeypatch.setattr(entry_points, "load", lambda target: OldMapper)
    path = tmp_path / "mine.yaml"
    path.write_text("base: old\n")
    made = mapper_class(str(path))()
    assert not isinstance(made, OldMapper)
    assert made.policy.settings["aliases"] == dict.fromkeys(("ccd", "detector", "sensor"), "ccdnum")
    assert made.translatorClass is DecamHeaders
    assert made.policy.settings["ingest"]["parse"]["translation"]["visit"] == "EXPNUM"


def test_code_of_an_installed_base_may_be_called_and_no_other(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("base: decam\n")
    yaml_camera.refuse_code(str(path))
    path = tmp_path / "other.yaml"
    path.write_text("base: decam\ningest: {parse: {translators: {\n  object: os.system}}}\n")
    with pytest.raises(
        CameraNotFound, match=r"other.yaml names code \(.*other.yaml:3: os.system\)"
    ):
        yaml_camera.refuse_code(str(path))


def test_a_description_of_detectors_lies_where_the_base_lies(tmp_path: Path) -> None:
    (tmp_path / "there" / "places").mkdir(parents=True)
    (tmp_path / "there" / "places" / "detectors.yaml").write_text(
        "focalPlane: {pixel: 0.01, scale: 10, reference: [5, 5], size: [10, 10]}\n"
        "science: {1: {name: A, x: 0, y: 0}}\n"
    )
    (tmp_path / "there" / "below.yaml").write_text("camera: places\n")
    path = tmp_path / "above.yaml"
    path.write_text("base: there/below.yaml\n")
    camera = mapper_class(str(path))().camera
    assert camera is not None
    assert camera["A"].id == 1


# -- what is refused
# ---------------------------------------------------------------------------------------------

REFUSED: dict[str, tuple[str, str]] = {
    "an unknown base": (
        "aliases: {}\nbase: decma",
        r"above.yaml:2: base 'decma' is neither a file \(.*decma\) nor a known camera "
        r"\(comCam, decam, hsc, .*\); did you mean 'decam'",
    ),
    "itself": ("base: above.yaml", r"above.yaml:1: base is circular: .*above.yaml -> .*above.yaml"),
    "a circle": (
        "base: other.yaml",
        r"other.yaml:2: base is circular: .*above.yaml -> .*other.yaml -> .*above.yaml$",
    ),
    "a folder": ("base: folder", r"above.yaml:1: base 'folder' is neither a file"),
    "a list": ("base: [decam, hsc]", r"above.yaml:1: base has to be text"),
    "a base without a name": ("base: {without: [filters]}", r"above.yaml:1: base needs camera"),
    "a section that is not there": (
        "base: {camera: hsc, without: [filtres]}",
        r"above.yaml:1: without: .*hsc.yaml has no section 'filtres'; did you mean 'filters'",
    ),
    "what is wrong in the base": (
        "base: wrong.yaml",
        r"wrong.yaml:2: aliases.a has to be text, not 3",
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_a_base_is_told_with_file_and_line(tmp_path: Path, case: str) -> None:
    text, message = REFUSED[case]
    (tmp_path / "folder").mkdir()
    (tmp_path / "other.yaml").write_text("aliases: {}\nbase: above.yaml\n")
    (tmp_path / "wrong.yaml").write_text("aliases:\n  a: 3\n")
    (tmp_path / "above.yaml").write_text(f"{text}\n")
    with pytest.raises(PolicyError, match=message):
        load.load(str(tmp_path / "above.yaml"))


def test_a_class_without_a_policy_in_yaml_is_no_base(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class NoFile(DecamMapper):
        policyFile = None

    announced = {**entry_points.announced("persistence.cameras"), "old": "somewhere:NoFile"}
    monkeypatch.setattr(entry_points, "announced", lambda group: announced)
    monkeypatch.setattr(entry_points, "rivals", lambda group, name: [])
    monkeypatch.setattr(entry_points, "load", lambda target: NoFile)
    (tmp_path / "above.yaml").write_text("base: old\n")
    with pytest.raises(PolicyError, match=r"above.yaml:1: base 'old' is somewhere:NoFile, which"):
        load.load(os.path.join(tmp_path, "above.yaml"))
