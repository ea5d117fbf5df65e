"""Cameras that are one YAML file: the example of doc/cameras.rst, and what is refused."""

from __future__ import annotations

import doctest
import os
import pickle
import subprocess
import sys
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.io import fits

from persistence import Butler, CameraMapper, CameraNotFound, PolicyError, RepositoryError
from persistence.cameras import installed
from persistence.cameras.yaml_camera import FileMapper, mapper_class
from persistence.cli import ingest_images

PAGE = Path(__file__).resolve().parents[2] / "doc" / "cameras.rst"


def blocks() -> list[str]:
    """Return the literal blocks of the page."""
    found, lines = [], PAGE.read_text().splitlines()
    for number, line in enumerate(lines):
        if line.endswith("::"):
            block = []
            for inner in lines[number + 1 :]:
                if inner.strip() and not inner.startswith("    "):
                    break
                block.append(inner)
            found.append(textwrap.dedent("\n".join(block)).strip("\n") + "\n")
    return found


EXAMPLE = next(block for block in blocks() if block.startswith("levels:"))


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Work in a directory with a night of one-chip files, and the example's camera."""
    monkeypatch.chdir(tmp_path)
    Path("night").mkdir()
    for visit, name in ((1, "Bessell V"), (2, "Bessell R")):
        header = fits.Header({"IMAGEID": visit, "OBJECT": "M31", "FILTER": name, "EXPTIME": 30.0})
        header["DATE-OBS"] = "2024-03-01T02:03:04"
        fits.PrimaryHDU(np.full((4, 6), visit, dtype=np.float32), header).writeto(
            f"night/image{visit}.fits"
        )
    Path("my_camera.yaml").write_text(EXAMPLE)
    return tmp_path


@pytest.fixture
def repo(place: Path) -> Path:
    """Do what the page tells to do first."""
    Path("repo").mkdir()
    Path("repo/my_camera.yaml").write_text(EXAMPLE)
    Path("repo/_mapper").write_text("my_camera.yaml\n")
    assert ingest_images.main(["repo", "night/*.fits"]) == 0
    return place / "repo"


def test_the_example_is_about_20_lines() -> None:
    assert len(EXAMPLE.splitlines()) <= 20


def test_the_session_of_the_page_is_what_it_shows(repo: Path) -> None:
    session = next(block for block in blocks() if block.startswith(">>>"))
    test = doctest.DocTestParser().get_doctest(session, {}, "doc/cameras.rst", str(PAGE), 0)
    report: list[str] = []
    results = doctest.DocTestRunner().run(test, out=report.append)
    assert (results.attempted, results.failed) == (7, 0), "".join(report)


def test_the_commands_of_the_page_are_those_of_this_test(repo: Path) -> None:
    commands = next(block for block in blocks() if block.startswith("mkdir"))
    assert commands.splitlines() == [
        "mkdir repo",
        "cp my_camera.yaml repo",
        "echo my_camera.yaml > repo/_mapper",
        "ingestImages.py repo night/*.fits",
    ]


def test_a_file_may_be_ingested_by_many_processes(place: Path) -> None:
    Path("repo").mkdir()
    Path("repo/_mapper").write_text("../my_camera.yaml\n")
    assert ingest_images.main(["repo", "night/*.fits", "-j", "2"]) == 0
    assert Butler("repo").queryMetadata("raw", "filter") == ["V", "R"]


def test_a_repository_with_its_camera_can_be_moved(repo: Path) -> None:
    os.rename("repo", "elsewhere")
    assert Butler("elsewhere").get("raw", visit=1).filter.name == "V"


def test_a_camera_may_lie_in_a_directory_whose_name_is_no_text(place: Path) -> None:
    repo = Path(os.fsdecode(b"night-\xff"))
    repo.mkdir()
    (repo / "my_camera.yaml").write_text(EXAMPLE)
    (repo / "_mapper").write_text("my_camera.yaml\n")
    assert Butler(repo).getKeys("calexp") == {"visit": int}


def test_a_file_given_by_hand_is_remembered_relative_to_the_repository(place: Path) -> None:
    Butler(outputs={"root": "tree/repo", "mapper": "my_camera.yaml"})
    assert "_mapper: ../../my_camera.yaml\n" in Path("tree/repo/repositoryCfg.yaml").read_text()
    assert Butler("tree/repo").getKeys("raw") == {"date": str, "filter": str, "visit": int}
    Butler(inputs="tree/repo", outputs={"root": "tree/child", "mode": "rw"})
    assert Butler("tree/child").getKeys("calexp") == {"visit": int}


def test_its_class_is_one_and_goes_through_pickle(place: Path) -> None:
    cls = mapper_class("my_camera.yaml")
    assert cls is mapper_class(str(place / "my_camera.yaml"))
    assert issubclass(cls, CameraMapper)
    assert pickle.loads(pickle.dumps(cls)) is cls
    assert pickle.loads(pickle.dumps(FileMapper)) is FileMapper
    assert type(pickle.loads(pickle.dumps(cls()))) is cls
    assert (cls.getCameraName(), cls.getPackageName()) == ("my_camera", "my_camera")


def test_a_butler_with_it_goes_to_another_process(repo: Path) -> None:
    butler = Butler("repo", mapper=mapper_class("repo/my_camera.yaml"))
    Path("butler.pickle").write_bytes(pickle.dumps(butler))
    code = (
        "import pickle; print(pickle.load(open('butler.pickle', 'rb')).get('raw', visit=2).filter)"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "R (Bessell R)\n", done.stderr


def test_a_file_that_builds_on_another_says_only_what_differs(place: Path) -> None:
    Path("new.yaml").write_text(
        "base: my_camera.yaml\nexposures: {calexp: {template: 'new/%(visit)d.fits'}}\n"
    )
    types = mapper_class("new.yaml")().types
    assert types["calexp"].template is not None
    assert types["calexp"].template.text == "new/%(visit)d.fits"
    assert types["raw"].template is not None


def test_files_are_ingested_as_the_file_says_that_theirs_builds_on(place: Path) -> None:
    Path("repo").mkdir()
    Path("repo/new.yaml").write_text("base: ../my_camera.yaml\n")
    Path("repo/_mapper").write_text("new.yaml\n")
    assert ingest_images.main(["repo", "night/*.fits"]) == 0
    assert Butler("repo").queryMetadata("raw", "filter") == ["V", "R"]


def test_files_of_a_dataset_type_that_the_camera_lacks_are_not_ingested(
    place: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Path("repo").mkdir()
    Path("repo/camera.yaml").write_text(EXAMPLE + "  filetypes: {raw: {files: {rav: ''}}}\n")
    Path("repo/_mapper").write_text("camera.yaml\n")
    assert ingest_images.main(["repo", "night/*.fits"]) != 0
    assert "CameraMapper has no dataset type 'rav'; did you mean 'raw'" in capsys.readouterr().err
    assert sorted(os.listdir("repo")) == ["_mapper", "camera.yaml"]


def test_a_shipped_camera_needs_no_package(tmp_path: Path) -> None:
    (tmp_path / "_mapper").write_text("lsst.obs.hsc.HscMapper\n")
    butler = Butler(tmp_path)
    assert butler.get("ccdExposureId", visit=1228, ccd=49) == 245649
    assert butler.get("deepCoaddId", tract=0, patch="0,0", filter="HSC-G") == 2


def test_an_unknown_camera_lists_the_known_and_says_how_to_supply_one(tmp_path: Path) -> None:
    (tmp_path / "_mapper").write_text("lsst.obs.monocam.MonocamMapper\n")
    with pytest.raises(CameraNotFound) as caught:
        Butler(tmp_path)
    for word in (
        "'lsst.obs.monocam.MonocamMapper'",
        "decam, hsc",
        "mapper='my_camera.yaml'",
        "doc/cameras.rst",
    ):
        assert word in str(caught.value)


REFUSED: dict[str, tuple[str, str]] = {
    "an unknown key": (
        "exposers: {}",
        r"camera.yaml:1: unknown key 'exposers'; did you mean 'exposures'",
    ),
    "an unknown part": (
        "detectors: {keey: ccd}",
        r"camera.yaml:1: detectors has no key 'keey'; did you mean 'key'",
    ),
    "no dotted name": ("mapper: hsc", "'hsc' is not a dotted name"),
    "a base that is gone": (
        "base: gone.yaml",
        r"camera.yaml:1: base 'gone.yaml' is neither a file",
    ),
    "a circle": ("base: camera.yaml", "base is circular: .*camera.yaml -> .*camera.yaml"),
    "not YAML": ("exposures: {", "not YAML"),
    "a tag": ("package: !!python/object/apply:os.system [x]", "nothing of it was run"),
    "part of a list": ("identifiers: [1]", r"identifiers has to be a mapping, not \[1\]"),
    "levels that are no mapping": ("levels: 3", "camera.yaml:1: levels has to be a mapping, not 3"),
    "a level of a number": (
        "levels: {a: 3}",
        "camera.yaml:1: levels.a has to be text, or a list of texts, not 3",
    ),
    "a template that is a list": (
        "datasets: {a: {template: [x]}}",
        r"camera.yaml:1: a: .*text, not \['x'\]",
    ),
    "an HDU by its name": (
        "datasets: {a: {template: 'x.fits[N4]'}}",
        r"a: template 'x.fits\[N4\]': .* HDU's number",
    ),
    "a part of no type": (
        "datasets: {a: {composite: {b: {datasetType: 3}}}}",
        "camera.yaml:1: a: component 'b': datasetType has to be text, not 3",
    ),
    "a part that is read by a list": (
        "datasets: {a: {composite: {b: {datasetType: raw, getter: [x]}}}}",
        "camera.yaml:1: a: component 'b': getter has to be text, not",
    ),
    "an alias of a list": (
        "aliases: {ccd: [a]}",
        r"camera.yaml:1: aliases.ccd has to be text, not \['a'\]",
    ),
    "values that are no list": (
        "values: {a: 3}",
        "camera.yaml:1: values.a has to be a list, not 3",
    ),
    "filters that are no list": ("filters: {g: r}", "camera.yaml:1: filters has to be a list, not"),
    "a filter without a name": ("filters:\n- {band: g}", "camera.yaml:2: filters needs physical"),
    "a filter of unknown keys": (
        "filters: [{nam: g}]",
        "filters has no key 'nam'; did you mean 'name'",
    ),
    "a filter that is a number": ("filters: [{name: 814}]", "filters.name has to be text, not 814"),
    "an alias that is no list": (
        "filters: [{physical: g, alias: gg}]",
        "filters.alias has to be a list, not 'gg'",
    ),
    "a keyword that is a number": ("headers: {filter: [3]}", "headers.filter has to be text"),
    "keywords that are none": (
        "headers: {visit: {ra: 3}}",
        "headers.visit.ra has to be text, not 3",
    ),
    "a detector without a number": (
        "detectors: {names: {a: b}}",
        "a detector is a whole number, not 'a'",
    ),
    "a name with half a field": (
        "detectors: {name: 'x%(ccd'}",
        "camera.yaml:1: detectors.name: .*ccd",
    ),
    "a factor that is none": (
        "identifiers: {exposure: {visit: x}}",
        "identifiers.exposure.visit has to be a whole",
    ),
    "a coadd without patches": (
        "identifiers: {coadd: {tract: 1, filter: 1}}",
        "identifiers.coadd needs patch",
    ),
    "too many bits": (
        "identifiers: {coaddBits: 1000}",
        "identifiers.coaddBits is a number of bits, 0 to 64, not 1000",
    ),
    "codes that are no numbers": (
        "identifiers: {codes: {a: {b: c}}}",
        "identifiers.codes.a.b has to be a whole",
    ),
    "ingest that is a number": ("ingest: 3", "camera.yaml:1: ingest has to be a mapping, not 3"),
    "a translator that is none": (
        "ingest: {parse: {translators: {a: }}}",
        "ingest.parse.translators.a has to be text",
    ),
    "an extension's bare name": (
        "ingest: {parse: {extnames: N4}}",
        "ingest.parse.extnames has to be a list, not 'N4'",
    ),
    "columns in a list": (
        "ingest: {register: {columns: [a]}}",
        "ingest.register.columns has to be a mapping",
    ),
    "an unknown key deep down": (
        "ingest: {register: {uniqe: [a]}}",
        "ingest.register has no key 'uniqe'; did you",
    ),
    "file types without files": (
        "ingest: {filetypes: {raw: 3}}",
        "camera.yaml:1: ingest.filetypes.raw has to be a mapping, not 3",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_a_file_cannot_mean_is_told_with_its_line(tmp_path: Path, case: str) -> None:
    text, message = REFUSED[case]
    path = tmp_path / "camera.yaml"
    path.write_text(text + "\n")
    with pytest.raises(PolicyError, match=message):
        Butler(tmp_path, mapper=str(path))


def test_a_file_that_is_gone_is_named(repo: Path) -> None:
    Path("repo/my_camera.yaml").unlink()
    with pytest.raises(CameraNotFound, match=r"there is no camera's file .*/repo/my_camera.yaml"):
        Butler("repo")


CODE = {
    "a translator": EXAMPLE.replace("date: translate_date", "date: evil.translate"),
    "a translator of calibrations": EXAMPLE
    + "ingestCalibs: {parse: {translators: {calibDate: evil.date}}}\n",
    "one of curated ones": EXAMPLE
    + "ingestCalibs: {curated: {parse: {translators: {calibDate: evil.date}}}}\n",
    "an assembler": EXAMPLE.replace(
        "datasets:\n",
        "datasets:\n  pair: {composite: {a: {datasetType: src}}, python: evil.Pair, assembler: evil.make}\n",
    ),
    "code reached through a module of ours": EXAMPLE.replace(
        "datasets:\n",
        "datasets:\n  pair: {composite: {a: {datasetType: src}}, python: persistence.files.atomic.evil.Pair}\n",
    ),
}


@pytest.mark.parametrize("case", CODE)
def test_a_file_that_only_the_repository_names_may_not_name_code(
    place: Path, case: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    Path("repo").mkdir()
    Path("repo/evil.py").write_text(
        "open('hacked', 'w')\ndef make(dataId, componentInfo, cls): ...\n"
    )
    monkeypatch.syspath_prepend(place / "repo")
    Path("repo/my_camera.yaml").write_text(CODE[case])
    Path("repo/_mapper").write_text("my_camera.yaml\n")
    with pytest.raises(CameraNotFound, match=r"names code \(.*evil\..*pass mapper="):
        Butler("repo")
    assert Butler("repo", mapper="repo/my_camera.yaml").getKeys("calexp") == {"visit": int}
    assert not Path("hacked").exists()


def test_an_output_of_another_camera_is_refused(place: Path) -> None:
    Butler(outputs={"root": "tree", "mapper": "my_camera.yaml"})
    with pytest.raises(
        RepositoryError,
        match=r"must match for writable repositories: .*my_camera\.yaml', not 'lsst.obs.hsc.HscMapper'",
    ):
        Butler(outputs={"root": "tree", "mapper": "hsc"})


def test_names_of_cameras_have_one_class_each() -> None:
    known: dict[str, set[Any]] = {}
    for name in installed.announced():
        known.setdefault(installed.announced()[name], set()).add(installed.find(name))
    assert all(len(classes) == 1 for classes in known.values())


CHIPS = """
detectors: {key: ccd, names: {1: east, 2: west}}
headers: {detector: CCD}
exposures:
  raw: {template: 'raw/%(visit)06d.fits[%(hdu)d]', python: lsst.afw.image.ExposureF, tables: raw, keys: {ccd: int}}
  calexp: {template: 'calexp/%(visit)06d-%(ccd)d.fits'}
ingest:
  parse:
    translation: {visit: IMAGEID, ccd: CCD, expTime: EXPTIME}
    translators: {filter: filter_name}
    extnames: [EAST, WEST]
  register:
    columns: {visit: int, ccd: int, hdu: int, filter: text, expTime: double}
    unique: [visit, ccd]
    visit: [visit, filter]
"""


@pytest.mark.parametrize("inherit", [None, True])
def test_what_stands_in_the_primary_header_alone_counts_for_each_extension(
    place: Path, inherit: bool | None
) -> None:
    """Ingest takes the primary header for the whole file's; so does who reads, and what is put keeps it."""
    primary = fits.Header(
        {"IMAGEID": 7, "FILTER": "V", "EXPTIME": 12.0, "DATE-OBS": "2024-03-01T02:03:04"}
    )
    hdus = [fits.PrimaryHDU(header=primary)]
    for number, name in ((1, "EAST"), (2, "WEST")):
        header = fits.Header({"CCD": number} | ({} if inherit is None else {"INHERIT": inherit}))
        hdus.append(fits.ImageHDU(np.full((3, 4), number, dtype=np.float32), header, name))
    fits.HDUList(hdus).writeto("night/chips.fits")
    Path("repo").mkdir()
    Path("repo/chips.yaml").write_text(CHIPS)
    Path("repo/_mapper").write_text("chips.yaml\n")
    assert ingest_images.main(["repo", "night/chips.fits"]) == 0
    butler = Butler("repo")
    raw = butler.get("raw", visit=7, ccd=2)
    butler.put(raw, "calexp", visit=7, ccd=2)
    for one in (raw, butler.get("calexp", visit=7, ccd=2)):
        assert (one.visit_info.exposure_time, one.filter.name, one.detector.name) == (
            12.0,
            "V",
            "west",
        )
    assert butler.get("raw_md", visit=7, ccd=2)["DATE-OBS"] == "2024-03-01T02:03:04"


def test_a_header_that_refuses_to_inherit_does_not(place: Path) -> None:
    header = fits.Header({"INHERIT": False})
    hdus = [
        fits.PrimaryHDU(header=fits.Header({"EXPTIME": 12.0})),
        fits.ImageHDU(np.zeros((2, 2)), header),
    ]
    fits.HDUList(hdus).writeto("one.fits")
    Path("one.yaml").write_text(
        "exposures: {raw: {template: 'one.fits[1]', python: lsst.afw.image.ImageF}}\n"
    )
    assert Butler(".", mapper="one.yaml").get("raw").visit_info.exposure_time is None
