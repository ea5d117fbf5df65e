"""Where a command reads and writes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from persistence import Butler
from persistence.cli import places
from persistence.cli.places import Places
from persistence.errors import UsageError

OTHER = "lsst.obs.hsc.HscMapper\n"


@pytest.mark.parametrize(
    ("variable", "given", "path"),
    [
        (None, None, None),
        (None, "", None),
        (None, "a/../b", "{cwd}/b"),
        (None, "/x", "/x"),
        ("/d", None, "/d"),
        ("/d", ".", "/d"),
        ("/d", "a", "/d/a"),
        ("/d", "/x", "/x"),
        ("d", "a", "{cwd}/d/a"),
        ("", "a", "{cwd}/a"),
    ],
)
def test_a_variable_is_where_relative_directories_lie(
    monkeypatch: pytest.MonkeyPatch, variable: str | None, given: str | None, path: str | None
) -> None:
    if variable is not None:
        monkeypatch.setenv("PIPE_X_ROOT", variable)
    assert places.under("PIPE_X_ROOT", given) == (path and path.format(cwd=os.getcwd()))


def test_the_originals_vectors_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PIPE_INPUT_ROOT", "/d")
    assert places.resolved(".").input == "/d"
    monkeypatch.setenv("PIPE_CALIB_ROOT", "/c")
    assert places.resolved(".").calib == "/c"
    monkeypatch.setenv("PIPE_OUTPUT_ROOT", "/o")
    assert places.resolved(".") == Places("/d", "/c", None, None)
    assert places.resolved(".", written="x").output == "/o/x"


@pytest.fixture
def chained(root: Path) -> Path:
    """Return a repository with reruns: foo, user/topic, old on foo, hsc of another camera, and an empty directory."""
    for name in ("foo", "user/topic"):
        Butler(inputs=str(root), outputs=str(root / "rerun" / name))
    old = root / "rerun/old"
    old.mkdir()
    (old / "_parent").symlink_to("../foo")
    hsc = root / "rerun/hsc"
    hsc.mkdir()
    (hsc / "_mapper").write_text(OTHER)
    (root / "rerun/empty").mkdir()
    return root


@pytest.mark.parametrize(
    ("rerun", "read", "written", "parts"),
    [
        ("bar", ".", "rerun/bar", ["bar"]),
        ("foo", ".", "rerun/foo", ["foo"]),
        ("foo:bar", "rerun/foo", "rerun/bar", ["foo", "bar"]),
        (
            "user/topic:user/next",
            "rerun/user/topic",
            "rerun/user/next",
            ["user/topic", "user/next"],
        ),
        ("/x/y", ".", "/x/y", ["/x/y"]),
        ("old", "rerun/foo", "rerun/old", ["old"]),
    ],
)
def test_the_originals_vectors_of_rerun(
    chained: Path, rerun: str, read: str, written: str, parts: list[str]
) -> None:
    expected = Places(
        os.path.normpath(chained / read), None, os.path.normpath(chained / written), parts
    )
    assert places.resolved(str(chained), rerun=rerun) == expected


@pytest.mark.parametrize(
    ("rerun", "message"),
    [
        ("a:b:c", "write --rerun OUT or --rerun IN:OUT"),
        ("", "write --rerun OUT"),
        (":b", "write --rerun OUT"),
        (
            "fo:bar",
            r"there is no rerun 'fo' in .*; did you mean 'foo'\? \(known: foo, hsc, old, user/topic\)",
        ),
        ("empty:bar", "there is no rerun 'empty'"),
        ("user/tpic:bar", "did you mean 'user/topic'"),
        ("../..", r"--rerun \.\./\.\. leads out of .*/rerun"),
        ("foo:user/../..", "leads out of"),
        ("foo:foo", "reads what it writes: --rerun foo goes on with it"),
        ("hsc:bar", r"hsc is of another camera \(HscMapper\) than .* \(DecamMapper\)"),
    ],
)
def test_a_rerun_that_cannot_be_meant_is_refused(chained: Path, rerun: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        places.resolved(str(chained), rerun=rerun)


def test_a_rerun_of_nothing_says_that_there_is_none(root: Path) -> None:
    with pytest.raises(UsageError, match=r"\(known: none\)"):
        places.resolved(str(root), rerun="a:b")


def test_an_old_rerun_whose_parent_is_of_another_camera_or_gone_is_refused(chained: Path) -> None:
    parent = chained / "rerun/old/_parent"
    parent.unlink()
    parent.symlink_to("../hsc")
    with pytest.raises(UsageError, match="another camera"):
        places.resolved(str(chained), rerun="old")
    parent.unlink()
    parent.symlink_to("../gone")
    with pytest.raises(UsageError, match=r"the parent of .* is gone"):
        places.resolved(str(chained), rerun="old")


def test_output_and_rerun_contradict_each_other(root: Path) -> None:
    with pytest.raises(UsageError, match="both name the output"):
        places.resolved(str(root), written="x", rerun="y")


@pytest.mark.parametrize(
    ("there", "found"),
    [
        (["CALIB"], "CALIB"),
        (["repo/CALIB"], "repo/CALIB"),
        ([], None),
        (["CALIB", "repo/CALIB"], None),
    ],
)
def test_calib_is_found_where_a_butler_finds_its_calib_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, there: list[str], found: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("PIPE_CALIB_ROOT", raising=False)
    for folder in ["repo", *there]:
        Path(folder).mkdir(exist_ok=True)
    if found is None:
        inside, outside = tmp_path / "repo" / "CALIB", tmp_path / "CALIB"
        problem = (
            f"--calib 'CALIB' may be {outside} or {inside}: use its absolute path"
            if there
            else f"--calib: there is no directory {outside}, nor {inside}"
        )
        with pytest.raises(UsageError, match=problem):
            places.resolved("repo", "CALIB")
        if not there:  # ingest says itself that it has to be made
            lenient = places.where_calibrations_lie("CALIB", "repo", has_to_be_there=False)
            assert lenient == str(outside)
        monkeypatch.setenv("PIPE_CALIB_ROOT", str(tmp_path / "repo"))
        found = "repo/CALIB"
    assert places.resolved("repo", "CALIB").calib == os.path.realpath(found)
