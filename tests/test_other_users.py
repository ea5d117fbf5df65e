"""Nothing is written into another user's repository, unless it is shared or that is forced.

The other users are processes of other user numbers, which only root can start.
"""

from __future__ import annotations

import contextlib
import io
import os
import pickle
import re
import shutil
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from persistence import Butler, RepositoryError
from persistence.cli import ingest_calibs, ingest_images, make_sky_map

ALICE, BOB, GROUP = 54321, 54322, 55555
NOTE = {"visit": 410877, "ccdnum": 28}
OTHERS = rf"belongs to uid {ALICE}, and you are uid {BOB}: nothing is written there"

AsUser = Callable[..., str]


def give(path: Path, uid: int, mode: int = 0o755, gid: int = -1) -> None:
    """Change the owner of a tree, with the same permissions for all its directories."""
    for one in (path, *path.rglob("*")):
        os.chown(one, uid, gid, follow_symlinks=False)
        if not one.is_symlink():
            os.chmod(one, mode if one.is_dir() else mode & 0o666)


@pytest.fixture
def repo(open_folder: Path, filled: Path) -> Path:
    """Return a repository of root's."""
    path = Path(shutil.copytree(filled, open_folder / "repo"))
    give(path, 0)
    return path


@pytest.fixture
def rerun(repo: Path) -> Path:
    """Return Alice's rerun, with a dataset."""
    path = repo / "rerun/alice"
    output(path).put({"by": "alice"}, "processCcd_metadata", NOTE)
    give(path, ALICE)
    return path


def snapshot(folder: Path) -> dict[Path, tuple[int, int, int]]:
    """Return apart files that are written, replaced or new."""
    stats = {path: path.lstat() for path in (folder, *folder.rglob("*"))}
    return {path: (stat.st_ino, stat.st_size, stat.st_mtime_ns) for path, stat in stats.items()}


def output(path: Path, mode: str = "rw", **options: Any) -> Butler:
    """Open an output of the repository in which it lies."""
    return Butler(inputs=str(path.parents[1]), outputs={"root": str(path), "mode": mode}, **options)


def content(path: Path) -> dict[str, Any]:
    return dict(Butler(str(path)).get("processCcd_metadata", NOTE))


def refused(act: Callable[[], Any]) -> str:
    """Return the message of the error that refuses something, or an empty text."""
    try:
        act()
    except RepositoryError as error:
        return str(error)
    return ""


@pytest.mark.parametrize("mode", [0o775, 0o2775, 0o777])
@pytest.mark.parametrize("access", ["w", "rw"])
def test_another_users_rerun_is_refused_when_it_is_opened_whoever_may_write_to_the_directory(
    rerun: Path, as_user: AsUser, mode: int, access: str
) -> None:
    give(rerun, ALICE, mode, GROUP)
    before = snapshot(rerun)
    message = as_user(BOB, lambda: refused(lambda: output(rerun, access)), [GROUP])
    assert re.search(f"^{re.escape(str(rerun))} {OTHERS}", message)
    assert "a directory of your own" in message
    assert f"persistence share {rerun}" in message
    assert "force=True (--force" in message
    assert len(message) < 400
    assert snapshot(rerun) == before


def test_with_force_another_users_rerun_is_written_where_its_permissions_allow_it(
    rerun: Path, as_user: AsUser
) -> None:
    give(rerun, ALICE, 0o777)

    def act() -> str:
        for butler in (
            output(rerun, force=True),
            pickle.loads(pickle.dumps(output(rerun, force=True))),
        ):
            butler.put({"by": "bob"}, "processCcd_metadata", NOTE)
        Butler(str(rerun), force=True).put({"by": "bob"}, "processCcd_metadata", visit=1, ccdnum=2)
        return "written"

    assert as_user(BOB, act) == "written"
    assert content(rerun) == {"by": "bob"}


def test_an_owner_needs_no_force(rerun: Path, as_user: AsUser) -> None:
    put = {"by": "alice again"}, "processCcd_metadata", NOTE
    assert as_user(ALICE, lambda: str(output(rerun).put(*put))) == "None"
    assert content(rerun) == {"by": "alice again"}


def test_root_is_refused_like_others(rerun: Path, as_user: AsUser) -> None:
    message = refused(lambda: output(rerun))
    assert f"{rerun} belongs to uid {ALICE}, and you are root (uid 0)" in message
    output(rerun, force=True).put({"by": "root"}, "processCcd_metadata", NOTE)


def test_a_directory_of_another_user_becomes_no_repository(
    repo: Path, as_user: AsUser, open_folder: Path
) -> None:
    new = repo / "rerun/new"
    new.mkdir(parents=True)
    give(new, ALICE, 0o777)
    assert re.search(OTHERS, as_user(BOB, lambda: refused(lambda: output(new))))
    assert list(new.iterdir()) == []
    assert as_user(BOB, lambda: refused(lambda: output(new, force=True))) == ""
    assert (new / "repositoryCfg.yaml").exists()


@pytest.mark.parametrize("read", ["Butler(root)", "an input", "a parent", "mode r"])
def test_another_users_repository_is_read(
    rerun: Path, as_user: AsUser, open_folder: Path, read: str
) -> None:
    own = open_folder / "own"
    own.mkdir()
    os.chown(own, BOB, BOB)
    opened = {
        "Butler(root)": lambda: Butler(str(rerun)),
        "an input": lambda: Butler(inputs=str(rerun)),
        "a parent": lambda: Butler(inputs=str(rerun), outputs={"root": str(own), "mode": "rw"}),
        "mode r": lambda: Butler(str(rerun), mode="r"),
    }
    get = "processCcd_metadata", NOTE
    assert as_user(BOB, lambda: str(dict(opened[read]().get(*get)))) == "{'by': 'alice'}"


def share(root: Path, text: str = "shared: group\n") -> None:
    (root / ".persistence").mkdir(exist_ok=True)
    (root / ".persistence/settings.yaml").write_text(text)


@pytest.mark.parametrize("groups", [[GROUP], [BOB, GROUP]], ids=["first", "further"])
def test_a_shared_repository_is_written_by_those_in_its_group(
    rerun: Path, as_user: AsUser, groups: list[int]
) -> None:
    share(rerun)
    give(rerun, ALICE, 0o2775, GROUP)

    def act() -> str:
        for butler in (output(rerun), Butler(str(rerun))):
            butler.put({"by": "bob"}, "processCcd_metadata", NOTE)
        return "written"

    assert as_user(BOB, act, groups) == "written"
    assert content(rerun) == {"by": "bob"}


def work(folder: Path, files: Sequence[str], turn: int) -> str:
    """Ingest a file, write into the repository and an output, and make a rerun."""
    repo, out = folder / "repo", folder / "out"
    told = typed(ingest_images.main, repo, files[turn % 2], "--mode", "copy")
    butler = Butler(inputs=str(repo), outputs={"root": str(out), "mode": "rw"})
    butler.put({"turn": turn}, "processCcd_metadata", NOTE, doBackup=True)
    for name in ("one", "two"):
        butler.defineDataset(name, f"{name}/%(visit)d.yaml", "YamlStorage", "dict")
    butler.defineDataset("pair", composite={"one": "one", "two": "two"}, python=SimpleNamespace)
    butler.put(SimpleNamespace(one={"a": turn}, two={"b": turn}), "pair", visit=1)
    mine = Butler(inputs=str(repo), outputs=str(repo / f"rerun/{os.geteuid()}/{turn}"))
    mine.put({"turn": turn}, "processCcd_metadata", NOTE)
    return told


def test_two_users_of_a_shared_repository_write_in_turn_whatever_their_umasks(
    repo: Path, as_user: AsUser, open_folder: Path, raws: list[str]
) -> None:
    files = [shutil.copy(path, open_folder) for path in raws]
    out = open_folder / "out"
    out.mkdir()
    (repo / "registry.sqlite3").unlink()
    for root in (repo, out):
        share(root)
        give(root, ALICE, 0o2770, GROUP)
    # Other users may not be able to read the modules of this Python: all are imported before.
    shutil.copytree(open_folder, open_folder / "copy", symlinks=True)
    for turn in range(3):
        work(open_folder / "copy", files, turn)

    for turn, user in enumerate((ALICE, BOB, ALICE, BOB)):

        def act(turn: int = turn) -> str:
            os.umask(0o077)
            return work(open_folder, files, turn)

        assert as_user(user, act, [user, GROUP]) == "0 "
    assert Butler(str(out)).get("processCcd_metadata", NOTE)["turn"] == 3
    assert len(Butler(str(repo)).queryMetadata("raw", "visit")) == 2
    assert not (repo / f"rerun/{BOB}/1").stat().st_mode & 0o077  # a rerun that nobody has shared


def test_a_shared_repository_is_not_written_by_those_outside_of_its_group(
    rerun: Path, as_user: AsUser
) -> None:
    share(rerun)
    give(rerun, ALICE, 0o777, GROUP)
    message = as_user(BOB, lambda: refused(lambda: output(rerun)))
    assert f"belongs to uid {ALICE}, who shares it with the group gid {GROUP}, and" in message
    assert "or have yourself added to the group; or write all the same with force=True" in message


def test_root_is_in_every_group(rerun: Path, as_user: AsUser) -> None:
    share(rerun)
    give(rerun, ALICE, 0o2775, GROUP)
    output(rerun).put({"by": "root"}, "processCcd_metadata", NOTE)


def test_damaged_settings_refuse_what_they_would_decide_and_nothing_else(
    rerun: Path, as_user: AsUser
) -> None:
    share(rerun, "shard: group\n")
    give(rerun, ALICE, 0o777)
    message = as_user(BOB, lambda: refused(lambda: output(rerun)))
    assert message.startswith(f"{rerun}/.persistence/settings.yaml:1: unknown setting 'shard'")
    assert as_user(BOB, lambda: str(content(rerun))) == "{'by': 'alice'}"


@pytest.mark.parametrize("write", ["put", "defineDataset"])
def test_a_butler_on_another_users_repository_is_refused_when_it_writes(
    rerun: Path, as_user: AsUser, write: str
) -> None:
    give(rerun, ALICE, 0o777)
    before = snapshot(rerun)

    def act() -> str:
        butler = Butler(str(rerun))
        acts = {
            "put": lambda: butler.put({}, "processCcd_metadata", NOTE),
            "defineDataset": lambda: butler.defineDataset("x", "x-%(visit)d", "TextStorage"),
        }
        return refused(acts[write])

    assert re.search(OTHERS, as_user(BOB, act))
    assert snapshot(rerun) == before


def typed(main: Callable[[Sequence[str]], int], *words: Any) -> str:
    """Type a command; return its status and what it told of errors."""
    with (
        contextlib.redirect_stderr(io.StringIO()) as errors,
        contextlib.redirect_stdout(io.StringIO()),
    ):
        try:
            status: Any = main([str(word) for word in words])
        except SystemExit as end:
            status = end.code
    return f"{status} {errors.getvalue()}"


def toy(words: Sequence[str]) -> int:
    """Run a task that writes its configuration, versions and metadata."""
    sys.path.insert(0, str(Path(__file__).parent / "code"))
    from toytask import ToyTask

    ToyTask.parseAndRun(list(words))
    return 0


@pytest.mark.parametrize("command", ["ingest", "calibs", "skymap", "task"])
def test_commands_refuse_another_users_repository_unless_they_are_forced(
    rerun: Path,
    as_user: AsUser,
    command: str,
    open_folder: Path,
    raws: list[str],
    master: Callable[..., str],
) -> None:
    files = [
        shutil.copy(path, open_folder / name)
        for path, name in ((raws[0], "raw.fits.fz"), (master(), "bias.fits"))
    ]
    calib = open_folder / "CALIB"
    calib.mkdir()
    repo = rerun.parents[1]
    give(repo, ALICE, 0o777)
    give(calib, ALICE, 0o777)
    main, *words = {
        "ingest": (ingest_images.main, repo, files[0], "--create"),
        "calibs": (ingest_calibs.main, repo, files[1], "--calib", calib, "--mode", "copy", "--validity", "9"),
        "skymap": (make_sky_map.main, repo, "--output", rerun),
        "task": (toy, repo, "--output", rerun, "--id", "visit=410877", "ccdnum=1"),
    }[command]  # fmt: skip
    # Other users may not be able to read the modules of this Python: all are imported before.
    shutil.copytree(open_folder, open_folder / "copy")
    copied = [str(word).replace(str(open_folder), f"{open_folder}/copy") for word in words]
    first = typed(main, *copied, "--force")
    assert first[0] == "0", first
    before = snapshot(repo), snapshot(calib)
    message = as_user(BOB, lambda: typed(main, *words))
    assert re.search(OTHERS, message)
    assert "Traceback" not in message
    assert message[0] in "12"
    assert (snapshot(repo), snapshot(calib)) == before
    assert as_user(BOB, lambda: typed(main, *words, "--force"))[0] == "0"
    assert (snapshot(repo), snapshot(calib)) != before


def test_a_dry_run_reads_another_users_repository(repo: Path, as_user: AsUser) -> None:
    give(repo, ALICE, 0o777)
    told = as_user(BOB, lambda: typed(ingest_images.main, repo, "nothing*", "--dry-run"))
    assert OTHERS not in told
