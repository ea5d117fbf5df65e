"""A repository in an archive answers as the directory that was packed into it."""

from __future__ import annotations

import contextlib
import os
import pickle
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from astropy.table import Table

from persistence import Box, Butler, NoResults, RepositoryError
from persistence.cli import ingest_images, main
from persistence.errors import UsageError
from persistence.files import mirrors
from persistence.keep.bundling import bundle
from persistence.keep.comparison import compare
from persistence.keep.copying import copy
from persistence.keep.values import How, differences

DATA_ID = {"visit": 410877, "ccdnum": 28}
RERUN = "rerun/a"


@pytest.fixture(scope="module")
def tree(
    filled: Path, make_calibs: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory
) -> Path:
    """Return a directory with a repository, its calibrations, and a rerun."""
    root = Path(shutil.copytree(filled, tmp_path_factory.mktemp("packed") / "repo"))
    make_calibs(root / "CALIB")
    butler = Butler(inputs=str(root), outputs=str(root / RERUN), durable=False)
    raw = butler.get("raw", DATA_ID)
    for ccd in (28, 29):
        butler.put(raw, "calexp", visit=410877, ccdnum=ccd)
    butler.put(Table({"id": [1, 2], "flux": [1.5, 2.5]}), "src", DATA_ID)
    butler.put({"a": 1}, "processCcd_metadata", DATA_ID)
    butler.defineDataset(
        "note", template="notes/%(visit)d.txt", storage="TextStorage", python="str"
    )
    butler.put("of the night", "note", visit=410877)
    return root


def _zip(tree: Path, target: Path, method: int) -> None:
    with zipfile.ZipFile(target, "w", method) as archive:
        for path in sorted(tree.rglob("*")):
            archive.write(path, f"repo/{path.relative_to(tree)}")


def _tar(tree: Path, target: Path) -> None:
    with tarfile.open(target, "w", dereference=True) as archive:
        archive.add(tree, "repo")


PACKERS: dict[str, Callable[[Path, Path], None]] = {
    "stored.zip": lambda tree, target: _zip(tree, target, zipfile.ZIP_STORED),
    "deflated.zip": lambda tree, target: _zip(tree, target, zipfile.ZIP_DEFLATED),
    "plain.tar": _tar,
}


@pytest.fixture(scope="module", params=PACKERS)
def packed(
    request: pytest.FixtureRequest, tree: Path, tmp_path_factory: pytest.TempPathFactory
) -> str:
    """Return the path of the repository in an archive."""
    target = tmp_path_factory.mktemp("archives") / request.param
    PACKERS[request.param](tree, target)
    return str(target / "repo")


def _names(butler: Butler, dataset: str, **where: Any) -> list[str]:
    return [str(dict(ref.dataId)) for ref in butler.subset(dataset, **where)]


QUESTIONS: dict[str, Callable[[Butler], Any]] = {
    "a raw": lambda butler: butler.get("raw", DATA_ID),
    "its header": lambda butler: butler.get("raw_md", DATA_ID),
    "a hook's object": lambda butler: butler.get("ccdExposureId", DATA_ID),
    "a bias by its date": lambda butler: butler.get("bias", ccdnum=28, calibDate="2015-02-18"),
    "an exposure": lambda butler: butler.get("calexp", DATA_ID),
    "a box of it": lambda butler: butler.get("calexp_sub", DATA_ID, bbox=butler.get("calexp_bbox", DATA_ID)),
    "its box": lambda butler: str(butler.get("calexp_bbox", DATA_ID)),
    "its time": lambda butler: str(butler.get("calexp.visitInfo", DATA_ID).date),
    "its filter": lambda butler: str(butler.get("calexp.filter", DATA_ID)),
    "a catalog": lambda butler: butler.get("src", DATA_ID),
    "its length": lambda butler: butler.get("src_len", DATA_ID),
    "plain data": lambda butler: butler.get("processCcd_metadata", DATA_ID),
    "a type that it defines": lambda butler: butler.get("note", visit=410877),
    "what the registry knows": lambda butler: butler.queryMetadata("raw", ["visit", "ccdnum", "filter"]),
    "what it holds": lambda butler: [
        butler.datasetExists("calexp", visit=410877, ccdnum=ccd) for ccd in (28, 29, 30)
    ],
    "what it holds of many": lambda butler: list(
        butler.exists("calexp", [{"visit": 410877, "ccdnum": ccd} for ccd in range(1, 63)])
    ),
    "all of a type": lambda butler: _names(butler, "calexp"),
    "all of a type, by the index": lambda butler: sorted(map(str, butler.query("calexp"))),
    "sizes": lambda butler: sorted(
        (row["ccdnum"], row["size"]) for row in butler.query("calexp", columns=["ccdnum", "size"])
    ),
    "what lies nearest": lambda butler: _refused(butler, "calexp", visit=410877, ccdnum=31),
}  # fmt: skip


def _refused(butler: Butler, name: str, **where: Any) -> str:
    with pytest.raises(NoResults) as caught:
        butler.get(name, where)
    # the places are those of the archive, or of the directory
    return " ".join(word for word in str(caught.value).split() if "/repo" not in word)


@pytest.mark.parametrize("question", QUESTIONS)
def test_it_answers_as_the_directory(tree, packed, question):
    here, there = (
        Butler(f"{top}/{RERUN}", calibRoot=f"{top}/CALIB") for top in (str(tree), packed)
    )
    ask = QUESTIONS[question]
    expected, answer = ask(here), ask(there)
    assert list(differences(answer, expected, How(ignore=("path",)))) == []


def test_a_file_name_is_one_that_can_be_opened(tree, packed):
    butler = Butler(f"{packed}/{RERUN}")
    expected = Path(Butler(str(tree / RERUN)).getUri("calexp", DATA_ID)).read_bytes()
    for path in (butler.getUri("calexp", DATA_ID), butler.get("calexp_filename", DATA_ID)[0]):
        assert Path(path).read_bytes() == expected


def test_the_archive_is_named_in_messages(packed):
    butler = Butler(f"{packed}/{RERUN}")
    assert f"{packed}/{RERUN}" in repr(butler)
    with pytest.raises(NoResults) as caught:
        butler.get("calexp", visit=410877, ccdnum=31)
    assert mirrors.MARK not in str(caught.value)
    assert os.path.relpath(f"{packed}/{RERUN}") in str(caught.value)


def test_nothing_is_written(packed):
    archive = Path(packed).parent
    before = archive.read_bytes()
    butler = Butler(f"{packed}/{RERUN}")
    with pytest.raises(RepositoryError, match="is an archive, and is only read"):
        butler.put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=29)
    with pytest.raises(RepositoryError, match="is an archive, and is only read"):
        Butler(inputs=packed, outputs=packed)
    assert archive.read_bytes() == before


def test_raws_are_not_ingested_into_an_archive(packed, raws, capsys):
    assert ingest_images.main([packed, raws[0]]) != 0
    assert "is an archive, and is only read" in capsys.readouterr().err


def test_an_output_remembers_the_archive_it_reads(packed, tmp_path):
    output = str(tmp_path / "mine")
    butler = Butler(inputs=f"{packed}/{RERUN}", outputs=output)
    butler.put(butler.get("calexp", DATA_ID), "calexp", visit=410877, ccdnum=30)
    text = Path(output, "repositoryCfg.yaml").read_text()
    assert os.path.relpath(f"{packed}/{RERUN}", output) in text
    again = Butler(output)
    assert again.datasetExists("calexp", visit=410877, ccdnum=30)
    assert np.array_equal(
        again.get("calexp", visit=410877, ccdnum=30).image, again.get("calexp", DATA_ID).image
    )


def test_what_comes_first_in_the_chain_wins_though_it_was_not_brought(tree, packed, tmp_path):
    other = str(tmp_path / "other")
    shutil.copytree(tree / RERUN, other)
    Path(other, "repositoryCfg.yaml").write_text(
        (tree / RERUN / "repositoryCfg.yaml").read_text().replace("../..", str(tree))
    )
    Butler(outputs={"root": other, "mode": "rw"}).put({"a": 2}, "processCcd_metadata", DATA_ID)
    butler = Butler(inputs=[f"{packed}/{RERUN}", other])
    for _ in range(2):
        assert butler.get("processCcd_metadata", DATA_ID)["a"] == 1


def test_one_repository_of_the_chain_is_named_by_its_path_in_the_archive(packed):
    butler = Butler(f"{packed}/{RERUN}")
    assert butler.datasetExists("raw", DATA_ID, repo=packed)
    assert not butler.datasetExists("calexp", DATA_ID, repo=packed)
    assert butler.datasetExists("calexp", DATA_ID, repo=f"{packed}/{RERUN}")


def test_a_pickled_butler_opens_the_archive_in_another_process(packed):
    script = (
        "import pickle, sys\nbutler = pickle.load(sys.stdin.buffer)\n"
        "print(butler.get('note', visit=410877))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], input=pickle.dumps(Butler(f"{packed}/{RERUN}")),
        capture_output=True, check=True,
    )  # fmt: skip
    assert done.stdout.decode().strip() == "of the night"


COMMANDS = (
    ["tree"], ["types", "calexp"], ["query", "calexp"], ["find", "calexp"], ["du"],
    ["get", "src", "--id", "visit=410877", "ccdnum=28"], ["why", "calexp", "--id", "visit=410877", "ccdnum=28"],
)  # fmt: skip


@pytest.mark.parametrize("words", COMMANDS, ids=lambda words: words[0])
def test_commands_take_the_path_of_an_archive(tree, packed, words, capsys):
    command, *rest = words
    outputs = []
    for root in (str(tree / RERUN), f"{packed}/{RERUN}"):
        with contextlib.suppress(SystemExit):
            main.main([command, root, *rest])
        printed = capsys.readouterr()
        outputs.append(
            (printed.out + printed.err).replace(root, "R").replace(root[: -len(RERUN) - 1], "P")
        )
    assert mirrors.MARK not in outputs[1]
    if command not in ("tree", "why", "find"):  # they show modes and times
        assert outputs[1] == outputs[0]


def test_a_directory_around_the_repository_names_it(packed):
    with pytest.raises(RepositoryError, match=r"Repositories in it: repo"):
        Butler(str(Path(packed).parent))


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Count the bytes that are read from archives."""
    from persistence.files.mirrors.archive import Archive

    sizes: list[int] = []
    read = Archive.pread

    def pread(self: Any, start: int, size: int) -> bytes:
        sizes.append(size)
        return read(self, start, size)

    monkeypatch.setattr(Archive, "pread", pread)
    return sizes


def test_a_part_of_an_exposure_needs_a_part_of_the_bytes(tree, tmp_path, counted):
    raw = Butler(str(tree)).get("raw", DATA_ID)
    large = raw.replaced(image=np.arange(700 * 700, dtype="f4").reshape(700, 700))
    (tmp_path / "_mapper").write_text((tree / "_mapper").read_text())
    Butler(str(tmp_path)).put(large, "calexp", DATA_ID)
    _tar(tmp_path, tmp_path.parent / "large.tar")
    butler = Butler(str(tmp_path.parent / "large.tar/repo"))
    counted.clear()
    butler.get("calexp_md", DATA_ID)
    box = butler.get("calexp_bbox", DATA_ID)
    part = butler.get("calexp_sub", DATA_ID, bbox=Box(box.x0 + 10, box.y0 + 20, 5, 4))
    assert np.array_equal(part.image, large.image[20:24, 10:15])
    assert 0 < sum(counted) < large.image.nbytes / 4
    fetched = mirrors.directory(str(tmp_path.parent / "large.tar/repo"))
    assert not list(Path(fetched).rglob("calexp-*.fits"))


@pytest.mark.parametrize("words", [["doctor"], ["share"], ["verify"], ["remove", "--type", "src"]])
def test_commands_that_would_change_it_refuse_an_archive(packed, words, capsys):
    command, *rest = words
    before = Path(packed).parent.read_bytes()
    assert main.main([command, f"{packed}/{RERUN}", *rest]) != 0
    assert " an archive" in capsys.readouterr().err
    assert Path(packed).parent.read_bytes() == before


def test_an_archive_holds_the_data_of_its_directory(tree, packed):
    assert compare(tree / RERUN, f"{packed}/{RERUN}").is_same


def test_datasets_are_copied_out_of_an_archive(tree, packed, tmp_path):
    copied = copy(f"{packed}/{RERUN}", tmp_path / "mine", ["calexp", "src"])
    assert len(copied.files) == 3
    assert compare(tmp_path / "mine", tree / RERUN, ["calexp", "src"]).is_same
    with pytest.raises(UsageError, match="files of an archive are copied"):
        copy(f"{packed}/{RERUN}", tmp_path / "linked", ["calexp"], transfer="link")
    bundle(f"{packed}/{RERUN}", tmp_path / "again.zip", ["src"])
    again = Butler(str(tmp_path / "again.zip"))
    assert again.get("src", DATA_ID)["flux"].tolist() == [1.5, 2.5]
