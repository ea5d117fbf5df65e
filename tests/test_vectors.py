"""Every camera against what the original computes for it: ``tests/vectors/<camera>.json.gz``."""

from __future__ import annotations

from typing import Any

import pytest

from persistence.cameras import installed
from persistence.cameras.camera_mapper import CameraMapper
from persistence.dataids.location import Location

CAMERAS = ("decam", "hsc", "imsim", "latiss", "megacam", "test")
# How many dataset types the original has.
HOW_MANY = {"decam": 291, "hsc": 353, "imsim": 335, "latiss": 335, "megacam": 284, "test": 295}
SAYS: dict[str, Any] = {
    "section": lambda dataset: dataset.section,
    "template": lambda dataset: dataset.template.text if dataset.template else "",
    "python": lambda dataset: dataset.python,
    "persistable": lambda dataset: dataset.persistable,
    "storage": lambda dataset: dataset.storage,
    "level": lambda dataset: dataset.level,
    "recipe": lambda dataset: dataset.recipe,
    "tables": lambda dataset: list(dataset.tables) or None,
    "columns": lambda dataset: list(dataset.columns) if dataset.columns else None,
    "keys": lambda dataset: {key: kind.__name__ for key, kind in dataset.keys.items()} or None,
    "keyOrder": lambda dataset: list(dataset.keys) or None,
}
CALIBRATION_SAYS: dict[str, Any] = {
    "reference": lambda dataset: list(dataset.reference) or None,
    "refCols": lambda dataset: list(dataset.refCols) if dataset.refCols else None,
    "obsTimeName": lambda dataset: dataset.obsTimeName,
    "setFilter": lambda dataset: dataset.filter,
    "range": lambda dataset: (
        ["?", dataset.validStartName, dataset.validEndName] if dataset.validRange else None
    ),
}


@pytest.fixture(params=CAMERAS)
def camera(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def mapper(camera: str) -> CameraMapper:
    return installed.find(camera)()


@pytest.fixture
def answers(camera: str, vectors: Any) -> Any:
    return vectors(camera)


# Dataset types that the original did not have: an assembled raw without overscan, and what tells how
# good an exposure is.
OURS = {
    "raw_trimmed", "ccdSummary", "consolidateVisitSummary_config", "calibrate_plotAstrometry",
    "calibrate_plotZeroPoint", "charImage_plotMask", "charImage_plotPsf", "charImage_plotSky",
}  # fmt: skip
# What tasks write of each exposure or visit, besides metadata.
WRITTEN = ("apdb_marker", "visitSummary")


def is_left_empty(name: str, expected: Any) -> bool:
    """Return whether the original leaves what tasks write without a template: here it has one."""
    is_written = name.endswith("_metadata") or name in WRITTEN
    return is_written and not expected.get("template") and bool(expected.get("tables"))


def test_it_has_the_dataset_types_of_the_original_and_no_other(
    camera: str, mapper: CameraMapper, answers: Any
) -> None:
    assert len(answers["datasets"]) == HOW_MANY[camera]
    assert set(mapper.types) - OURS == {*answers["datasets"], *answers["composites"]}


@pytest.mark.parametrize("field", [*SAYS, *CALIBRATION_SAYS])
def test_every_dataset_type_says_what_the_original_says(
    mapper: CameraMapper, answers: Any, field: str
) -> None:
    says = {**SAYS, **CALIBRATION_SAYS}[field]
    for name, expected in answers["datasets"].items():
        if field in CALIBRATION_SAYS and expected["section"] != "calibrations":
            continue
        if field in ("template", "keys", "keyOrder") and is_left_empty(name, expected):
            assert says(mapper.types[name])
            continue
        wanted = expected.get(field) or (
            "" if field == "template" else False if field == "setFilter" else None
        )
        assert says(mapper.types[name]) == wanted, name


def test_every_path_is_the_originals_and_is_read_back(mapper: CameraMapper, answers: Any) -> None:
    for name, expected in answers["datasets"].items():
        dataset, case = mapper.types[name], expected["path"]
        if is_left_empty(name, expected):
            continue
        if "error" in case:
            with pytest.raises(
                RuntimeError, match=f"Template is not defined for the {name} dataset type"
            ):
                mapper.locate(dataset, case["dataId"], "/r")
            continue
        location = mapper.locate(dataset, case["dataId"], "/r")
        hdu = "" if location.hdu is None else f"[{location.hdu}]"
        assert case.get("composite") or location.path + hdu == case["path"], name
        assert dataset.template is not None
        back = {key: case["dataId"][key] for key in dataset.template.keys}
        assert back in list(dataset.template.candidates(location.path + hdu)), name


def test_composites_have_the_components_of_the_original(mapper: CameraMapper, answers: Any) -> None:
    for name, expected in answers["composites"].items():
        found = {
            part: {"datasetType": one.datasetType, "subset": one.subset}
            for part, one in mapper.types[name].composite.items()
        }
        assert found == {
            part: {"datasetType": one["datasetType"], "subset": bool(one["subset"])}
            for part, one in expected["components"].items()
        }


def test_keys_and_levels_are_the_originals(camera: str, mapper: CameraMapper, answers: Any) -> None:
    known = {key: kind.__name__ for key, kind in mapper.getKeys().items()}
    assert known == answers["keys"]
    assert {level: sorted(keys) for level, keys in mapper.policy.levels.items()} == answers[
        "levels"
    ]
    assert mapper.getDefaultLevel() == answers["defaultLevel"]
    below = {level: mapper.getDefaultSubLevel(level) for level in answers["defaultSubLevels"]}
    assert below == answers["defaultSubLevels"]
    for name, dataset in answers["datasets"].items():
        if is_left_empty(name, dataset):
            continue
        for level, keys in dataset["getKeys"].items():
            wanted = "" if level == "<empty>" else level
            assert sorted(mapper.getKeys(name, wanted)) == keys, (name, level)


def call(mapper: CameraMapper, function: str, argument: Any) -> Any:
    if not function.startswith("bypass_"):
        return getattr(mapper, function)(argument)
    name = function.removeprefix("bypass_")
    made = mapper.hook("bypass", name)
    assert made is not None, name
    return made(name, None, Location("/r", "", None, "ignored", None, name, argument), argument)


# Where the original fails for want of a file that it did not have, ours can tell: the detector's
# number by its name.
MENDED = ("ValueError: Could not load camera policy file policy/imsim.yaml", 52_094)
# The original's class -> one that whoever caught that one catches.
RAISES = {"KeyError": KeyError, "RuntimeError": RuntimeError, "NotFoundError": RuntimeError}
# LATISS numbered an exposure of which nothing was said by 0, without a word.
NOTHING = ("_computeCcdExposureId", {}, 0)


def test_every_function_gives_what_the_original_gives(
    camera: str, mapper: CameraMapper, answers: Any
) -> None:
    assert answers["functions"]
    for case in answers["functions"]:
        if (case["function"], case["dataId"], case.get("result")) == NOTHING:
            with pytest.raises(KeyError, match="an identifier needs 'visit' or 'expId'"):
                call(mapper, case["function"], case["dataId"])
        elif case.get("error") == MENDED[0]:
            assert call(mapper, case["function"], case["dataId"]) == MENDED[1]
        elif "error" in case:
            with pytest.raises(RAISES[case["error"].split(":", 1)[0]]):
                call(mapper, case["function"], case["dataId"])
        else:
            result = call(mapper, case["function"], case["dataId"])
            # ours also gives the key that it made of its other name
            if case["function"] == "_transformId":
                result = {key: result[key] for key in case["result"]}
            assert result == case["result"], case


def test_every_name_of_a_filter_leads_to_the_filter_that_the_original_finds(
    mapper: CameraMapper, answers: Any
) -> None:
    for case in answers["bestFilter"] or ():
        label = mapper.translator.label(case["dataId filter"])
        expected = case["result"]
        assert (None if expected is None else [label.band, label.physical]) == expected, case
        if expected is None:
            assert (label.name, label.physical) == (case["dataId filter"], None)


def test_it_answers_to_the_name_that_repositories_have(
    camera: str, mapper: CameraMapper, answers: Any
) -> None:
    assert installed.find(answers["mapper"]) is type(mapper)
    assert installed.gen2_name(mapper) == answers["mapper"]
    assert mapper.getPackageName() == answers["packageName"]
