"""The repositories of a command."""

from __future__ import annotations

import argparse
from pathlib import Path

import pytest

from persistence import Butler, Mapper
from persistence.errors import UsageError
from persistence.pipe.cmdline import repositories


def said(
    root: Path, output: Path | None = None, calib: Path | None = None, clobber: bool = False
) -> argparse.Namespace:
    given = {"input": root, "output": output, "calib": calib}
    texts = {name: None if path is None else str(path) for name, path in given.items()}
    texts |= {"mapper": None, "trust": None}
    return argparse.Namespace(
        clobberOutput=clobber, noDurable=False, force=False, alsoRead=[], **texts
    )


def test_an_input_is_a_directory(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert repositories.found(str(root)) == str(root)
    monkeypatch.chdir(root)
    assert repositories.found(".") == str(root)
    with pytest.raises(
        UsageError, match=f"the input {root}s is not a directory; did you mean '{root}'"
    ):
        repositories.found(f"{root}s")


def test_the_camera_is_named(root: Path) -> None:
    namespace = argparse.Namespace()
    repositories.tell_camera(namespace, repositories.mapper_of(str(root)))
    assert (namespace.camera, namespace.obsPkg) == ("decam", "obs_decam")
    repositories.tell_camera(namespace, Mapper)
    assert (namespace.camera, namespace.obsPkg) == ("Mapper", None)


@pytest.mark.parametrize(
    ("mapper", "message"),
    [
        (None, "names no mapper"),
        ("Decam\n", "Unqualified mapper name 'Decam'"),
        ("a.b\n", "no installed camera"),
    ],
)
def test_an_input_without_a_camera_is_refused(
    tmp_path: Path, mapper: str | None, message: str
) -> None:
    if mapper is not None:
        (tmp_path / "_mapper").write_text(mapper)
    with pytest.raises(UsageError, match=message):
        repositories.mapper_of(str(tmp_path))


@pytest.mark.parametrize(
    ("there", "clobber", "read"),
    [(True, False, 2), (True, True, 1), (False, False, 1), (False, True, 1)],
)
def test_looking_opens_an_output_that_is_there_and_stays(
    root: Path, there: bool, clobber: bool, read: int
) -> None:
    output = root / "rerun/a"
    if there:
        Butler(inputs=str(root), outputs=str(output))
    butler = repositories.looked_into(said(root, output, clobber=clobber))
    assert (len(butler.chain.inputs), len(butler.chain.outputs)) == (read, 0)
    assert output.exists() is there


def test_a_damaged_output_is_told(root: Path) -> None:
    (root / "rerun/a").mkdir(parents=True)
    (root / "rerun/a/repositoryCfg.yaml").write_text("")
    for opened in (repositories.looked_into, repositories.opened):
        with pytest.raises(UsageError, match=r"repositoryCfg\.yaml is empty"):
            opened(said(root, root / "rerun/a"))
    repositories.looked_into(said(root, root / "rerun/a", clobber=True))


def test_each_mapper_is_told_the_calibration_root(root: Path) -> None:
    (root / "CALIB").mkdir()
    for output in (root / "rerun/a", None):
        butler = repositories.opened(said(root, output, root / "CALIB"))
        assert {one.mapper.mapperArgs["calibRoot"] for one in butler.chain.inputs} == {
            str(root / "CALIB")
        }
        assert butler.chain.outputs[0].root == str(output or root)
