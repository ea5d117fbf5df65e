"""What TAB offers: asked as argcomplete's shell functions ask."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.butler import repository_cfg
from persistence.cli import main, places
from persistence.cli.complete import completers, completion, outline
from persistence.files import marks
from persistence.pipe import logs
from persistence.pipe.cmdline import show

pytest.importorskip("argcomplete")

BREAKS = " \t\n\"'><=;|&(:"
Tab = Callable[..., list[str]]


def environment(line: str, **more: str) -> dict[str, str]:
    """Return what bash's function tells a command."""
    return {
        "_ARGCOMPLETE": "1",
        "_ARGCOMPLETE_SHELL": "bash",
        "_ARGCOMPLETE_SUPPRESS_SPACE": "1",
        "_ARGCOMPLETE_COMP_WORDBREAKS": "",
        "COMP_LINE": line,
        "COMP_POINT": str(len(line)),
        **more,
    }


def answers(act: Callable[[], Any], told: dict[str, str]) -> tuple[list[str], bytes, int]:
    """Act in a process of its own; gives what it answers, what it says besides, and its status."""
    reader, writer = os.pipe()
    other, said = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.environ.update(told)
            os.dup2(writer, 8)
            os.dup2(said, 1)
            os.dup2(said, 2)
            sys.stdout = sys.stderr = os.fdopen(2, "w", closefd=False)
            os.closerange(9, 256)
            act()
        finally:
            os._exit(99)  # whoever completes does not come back
    os.close(writer), os.close(said)
    with os.fdopen(reader) as stream, os.fdopen(other, "rb") as besides:
        text, more = stream.read(), besides.read()
    _, status = os.waitpid(child, 0)
    return text.split("\013") if text else [], more, os.waitstatus_to_exitcode(status)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the directory of what completion keeps."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache"


@pytest.fixture
def tab() -> Tab:
    """Return a function that types a line of ``persistence``, and TAB."""

    def act(*words: object, **more: str) -> list[str]:
        line = " ".join(["persistence", *map(str, words)])
        found, said, status = answers(main.main, environment(line, **more))
        assert (said, status) in [(b"", 0), (b"", 1)]
        return found

    return act


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("", list(main.COMMANDS)),
        ("sh", ["show-data", "share"]),
        ("--for", ["--format"]),
        ("--format ", ["table", "json", "jsonl", "csv", "parquet"]),
        ("get {} cale", ["calexp", "calexpBackground", "calexp_camera"]),
        ("get {} calexp_w", ["calexp_wcs"]),
        ("get {} raw --format c", ["csv"]),
        ("get {} raw --id ", ["date=", "filter=", "visit=", "hdu=", "ccdnum=", "object="]),
        ("get {} calexp_wcs --id ", ["visit=", "ccdnum="]),
        ("get {} raw --id vis", ["visit="]),
        ("get {} raw --id ccdnum=3 ccd", ["ccd="]),
        ("get {} raw --id tra", ["tract="]),
        ("get {} raw --id visit=", ["visit=410877", "visit=410878"]),
        ("get {} raw --id visit=410878 fil", ["filter="]),
        ("get {} raw --id visit=410878 filter=", ["filter=r"]),
        ("get {} raw --id filter=g visit=4", ["visit=410877"]),
        ("get {} raw --id visit=410877^410878 filter=", ["filter=g", "filter=r"]),
        ("get {} raw --id visit=410878..410880 filter=", ["filter=r"]),
        ("get {} raw --id filter=g^", ["filter=g^r"]),
        ("get {} raw --id ccd=6", ["ccd=6", "ccd=60", "ccd=62"]),
        (
            "get {} raw --id ccdnum=1^60 visit=410878 ccdnum=61^6",
            ["ccdnum=61^6", "ccdnum=61^60", "ccdnum=61^62"],
        ),
        ("get {} raw --id visit=410877..4108", []),
        ("get {} raw --id strange=", []),
        ("get {} raw --id strange=3 filter=", ["filter=g", "filter=r"]),
        ("get --id filter=g -- {} ra", ["raw"]),
        ("--mapper tree get {} raw --id visit=410878 filter=", []),
        ("--mapper decam get {} raw --id visit=410878 filter=", ["filter=r"]),
        ("query {} raw vis", ["visit"]),
        ("watch {} ra", ["raw"]),
        ("watch {} --by vis", ["visit"]),
        ("watch {} --id filter=", ["filter=g", "filter=r"]),
        ("find {} raw --columns vis", ["visit"]),
        ("find {} raw --columns visit,ccd", ["visit,ccdnum"]),
        ("du {} --by visit,vis", []),
        ("missing {} calexp --given ra", ["raw"]),
        ("nonsense {} ra", []),
    ],
)
def test_tab_offers_what_can_follow(tab: Tab, filled: Path, typed: str, offered: list[str]) -> None:
    assert tab(typed.format(filled)) == offered


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("filter=", ["filter=g", "filter=r"]),
        ("tract=", ["tract=2", "tract=10"]),
        ("tract=1", ["tract=10"]),
        ("filter=r tract=", ["tract=2"]),
        ("filter=g^r tract=", ["tract=2", "tract=10"]),
        ("filter=g tract=2 patch=", ["patch=1,1", "patch=1,2"]),
        ("filter=g tract=2 patch=1,1^", ["patch=1,1^1,2"]),
        ("filter=i tract=", []),
        ("tract=x patch=", ["patch=1,1", "patch=1,2"]),
    ],
)
def test_tab_offers_what_names_of_coadds_say(
    tab: Tab, own: Path, monkeypatch: pytest.MonkeyPatch, typed: str, offered: list[str]
) -> None:
    for path in ("g/2/1,1.fits", "g/2/1,2.fits.gz", "g/10/1,1.fits", "r/2/1,1.fits"):
        (own / "deepCoadd" / path).parent.mkdir(parents=True, exist_ok=True)
        (own / "deepCoadd" / path).touch()
    assert tab("get", own, "deepCoadd --id", typed) == offered
    monkeypatch.setattr("persistence.cli.complete.names._ENOUGH", 0)
    assert tab("get", own, "deepCoadd --id", typed) == []  # it would take too long


def test_tab_offers_what_names_say_where_there_is_no_registry(tab: Tab, own: Path) -> None:
    (own / "registry.sqlite3").unlink()
    assert tab("get", own, "raw --id visit=") == ["visit=410877", "visit=410878"]
    assert tab("get", own, "raw --id ccdnum=") == []  # all are in one file


def test_tab_offers_the_keys_of_the_parts_of_an_aggregate(tab: Tab, own: Path) -> None:
    parts = {"parts": {"datasetType": "ossThumb", "subset": True}}
    Butler(own).defineDataset("thumbs", python="types.SimpleNamespace", composite=parts)
    assert tab("get", own, "thumbs", "--id", "") == ["visit=", "ccdnum="]


def test_a_shell_that_breaks_words_gets_what_follows_the_break(tab: Tab, filled: Path) -> None:
    words = ("get", filled, "raw", "--id", "visit=410878", "filter=g^")
    assert tab(*words, _ARGCOMPLETE_COMP_WORDBREAKS=BREAKS) == ["g^r"]


@pytest.mark.parametrize("root", ["~/{}", "$HOME/{}", "${{HOME}}/{}", "'{}'", "$HOME//{}/../{}/"])
def test_a_repository_is_found_as_the_shell_would_find_it(
    tab: Tab, filled: Path, root: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(filled.parent)
    told = {"HOME": str(filled.parent)}
    typed = root.format(filled.name, filled.name)
    assert tab("get", typed, "raw --id visit=410878 filter=", **told) == ["filter=r"]


def test_text_with_spaces_is_quoted_for_the_shell(tab: Tab, own: Path) -> None:
    with sqlite3.connect(own / "registry.sqlite3") as registry:
        for table in ("raw", "raw_visit"):
            registry.execute(f"UPDATE {table} SET object = 'field ' || visit")
    registry.close()
    assert tab("get", own, "raw --id object=") == [r"object=field\ 410877", r"object=field\ 410878"]
    assert tab("get", own, r"raw --id 'object=field 410878' filter=") == ["filter=r"]


def test_nothing_changes_in_the_repository(tab: Tab, own: Path) -> None:
    before = sorted((str(path), path.lstat().st_mtime_ns) for path in own.rglob("*"))
    assert tab("get", own, "raw --id visit=") != []
    assert sorted((str(path), path.lstat().st_mtime_ns) for path in own.rglob("*")) == before


def test_a_rerun_has_the_registry_of_its_nearest_parent(tab: Tab, own: Path) -> None:
    first, second = str(own / "rerun" / "first"), str(own / "rerun" / "second")
    Butler(inputs=str(own), outputs=first)
    Butler(inputs=first, outputs=second)
    assert tab("get", second, "raw --id visit=410878 filter=") == ["filter=r"]
    (own / "registry.sqlite3").rename(os.path.join(first, "registry.sqlite3"))
    assert tab("get", second, "raw --id visit=410878 filter=") == ["filter=r"]
    os.unlink(os.path.join(first, "registry.sqlite3"))
    assert tab("get", second, "raw --id visit=410878 object=") == []
    assert tab("get", second, "raw --id visit=410878 filter=") == ["filter=r"]  # off a file's name


def test_an_old_rerun_has_the_registry_of_its_parent(tab: Tab, own: Path) -> None:
    (own / "rerun" / "old").mkdir(parents=True)
    (own / "rerun" / "old" / "_parent").symlink_to(own)
    assert tab("get", own / "rerun" / "old", "raw --id visit=410878 filter=") == ["filter=r"]


@pytest.mark.parametrize(
    "harm", ["absent", "no repository", "damaged policy", "damaged registry", "locked", "empty"]
)
def test_what_cannot_be_told_is_nothing_and_nothing_is_said(tab: Tab, own: Path, harm: str) -> None:
    root = own
    path = own / "registry.sqlite3"
    connection = sqlite3.connect(path, isolation_level=None)
    if harm == "absent":
        root = own / "nowhere"
    elif harm == "no repository":
        root = own / "0410877"
    elif harm == "damaged policy":
        (own / "policy").mkdir()
        (own / "policy" / "x.yaml").write_text("datasets: [")
    elif harm == "damaged registry":
        path.write_text("nonsense" * 1000)
    elif harm == "locked":
        connection.execute("BEGIN EXCLUSIVE")
    else:
        path.write_text("")
    assert tab("get", root, "raw --id visit=") == []
    connection.close()


# -- what is kept
# -----------------------------------------------------------------------------------------


def kept(cache: Path) -> list[Path]:
    return list((cache / "persistence" / "kept").glob("*"))


def test_what_is_kept_counts_until_a_file_changes(
    own: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = outline.of(str(own))
    assert len(kept(cache)) == 1
    with monkeypatch.context() as patch:
        patch.setattr("persistence.butler.butler.Butler", None)  # it is not opened again
        assert outline.of(str(own)) == before
        patch.setenv("XDG_CACHE_HOME", str(own / "another"))
        with pytest.raises(TypeError):
            outline.of(str(own))
    (own / "policy").mkdir()
    (own / "policy" / "new.yaml").write_text(
        "datasets: {brandnew: {template: 'n/%(visit)d', storage: TextStorage}}"
    )
    assert outline.of(str(own)).types["brandnew"] == ["visit"]
    (own / "policy" / "new.yaml").write_text(
        "datasets: {brandnew: {template: 'n/%(ccdnum)d', storage: TextStorage}}"
    )
    assert outline.of(str(own)).types["brandnew"] == ["ccdnum"]


@pytest.mark.parametrize(
    "harm", ["", "[]", "{", "null", '{"version": 1}', "\0", '{"files": 3, "version": 1}']
)
def test_a_damaged_file_of_the_cache_is_worked_out_again(own: Path, cache: Path, harm: str) -> None:
    before = outline.of(str(own))
    (path,) = kept(cache)
    path.write_text(harm)
    assert outline.of(str(own)) == before
    assert json.loads(path.read_text())["version"] == 1


def test_without_a_place_for_the_cache_it_is_slow_and_well(
    own: Path, tmp_path: Path, cache: Path
) -> None:
    cache.write_text("a file is no directory")
    assert outline.of(str(own)).keys_of("calexp") == ["visit", "ccdnum"]


def test_what_is_told_without_importing_it_is_true() -> None:
    assert tuple(logs.LEVELS) == completers._LEVELS
    assert set(completers._SHOWN) == {word.removesuffix("PATTERN") for word in show._KNOWN}
    assert (
        repository_cfg.FILE,
        *[mark for mark in marks.OLD if mark.startswith("_")],
    ) == outline.MARKS
    assert completion._INPUT_ROOT == places.INPUT


# -- scripts of tasks
# -------------------------------------------------------------------------------------

TASK = """
from persistence.cli.complete import completion

completion.complete_again()

import lsst.pex.config as pexConfig
from persistence.pipe.cmdlinetask import CmdLineTask


class IsrConfig(pexConfig.Config):
    doBias = pexConfig.Field(dtype=bool, doc="Subtract a bias?", default=True)
    doFlat = pexConfig.Field(dtype=bool, doc="Divide by a flat?", default=True)


class ToyConfig(pexConfig.Config):
    isr = pexConfig.ConfigField(dtype=IsrConfig, doc="The detector.")
    sigma = pexConfig.Field(dtype=float, doc="How sharp.", default=1.0)
    other = pexConfig.ConfigChoiceField(doc="One of them.", typemap={"A": IsrConfig}, default="A")


class ToyTask(CmdLineTask):
    ConfigClass = ToyConfig
    _DefaultName = "toy"


parser = ToyTask._makeArgumentParser()
parser.add_id_argument("--selectId", "calexp", help="what is put together")
completion.complete_task(parser, ToyTask.ConfigClass)
raise SystemExit("it was run")
"""


@pytest.fixture
def script(tmp_path: Path) -> Callable[..., list[str]]:
    """Return a function that types a line of a task's script, and TAB."""
    pytest.importorskip("lsst.pex.config")
    path = tmp_path / "processToy.py"
    path.write_text(TASK)

    def act(*words: object) -> list[str]:
        line = " ".join([path.name, *map(str, words)])
        reader, writer = os.pipe()
        command = ["bash", "-c", f'exec "$@" 8>&{writer}', "bash", sys.executable, str(path)]
        told = os.environ | environment(line)
        done = subprocess.run(command, env=told, pass_fds=[writer], capture_output=True)
        os.close(writer)
        with os.fdopen(reader) as stream:
            text = stream.read()
        assert (done.stdout, done.stderr, done.returncode) == (b"", b"", 0)
        return text.split("\013") if text else []

    return act


def test_a_script_of_a_task_completes_with_the_task_and_then_without(
    script: Any, own: Path, cache: Path, tmp_path: Path
) -> None:
    before = script(own, "--id visit=410878 filter=")
    assert before == ["filter=r"]
    (tmp_path / "sitecustomize.py").write_text(
        "import sys\nsys.modules['lsst.pex.config'] = None\n"
    )
    os.environ["PYTHONPATH"] = str(tmp_path)  # the task cannot be imported any more
    try:
        assert script(own, "--id visit=410878 filter=") == before
        assert script(own, "--selectId vis") == ["visit="]
        assert script(own, "--selectId ") == ["visit=", "ccdnum="]
        assert script(own, "-c i") == ["isr.doBias=", "isr.doFlat="]
        assert script(own, "-c ") == ["isr.", "other.", "sigma="]
        assert script(own, "--engine ") == ["local", "dask"]
        assert script(own, "--clobber-o") == ["--clobber-output"]
        assert script(own, "-L isr=w") == ["isr=warn"]
        assert script(own, "--show hi") == ["history="]
    finally:
        del os.environ["PYTHONPATH"]


def test_reruns_are_offered_with_the_directories_that_hold_more(own: Path, tab: Tab) -> None:
    for name in ("alpha", "user/beta", "user/gamma"):
        Butler(inputs=str(own), outputs=str(own / "rerun" / name))
    (own / "rerun" / "note.txt").write_text("no directory")
    import argparse

    def act() -> None:
        parser = argparse.ArgumentParser()
        parser.add_argument("input")
        parser.add_argument("--rerun")
        completion.complete(parser)

    def typed(text: str, **more: str) -> list[str]:
        return answers(act, environment(f"task {own} --rerun {text}", **more))[0]

    assert typed("") == ["alpha", "user/"]
    assert typed("user/b") == ["user/beta"]
    assert typed("alpha:user/") == ["alpha:user/beta", "alpha:user/gamma"]
    assert typed("alpha:user/b", _ARGCOMPLETE_COMP_WORDBREAKS=BREAKS) == ["user/beta"]
    assert typed("nowhere/") == []
    assert answers(act, environment("task own --rerun a", PIPE_INPUT_ROOT=str(own.parent)))[0] == [
        "alpha"
    ]


# -- how it is done
# ---------------------------------------------------------------------------------------


def test_neither_numpy_nor_astropy_nor_yaml_is_imported(filled: Path) -> None:
    outline.of(str(filled))
    code = (
        "import os, sys\nfrom persistence.cli import main\n"
        "def ended(status): print(*sorted(sys.modules), file=sys.__stdout__); sys.__stdout__.flush(); leave(status)\n"
        "leave, os._exit = os._exit, ended\nmain.main()"
    )
    line = f"persistence get {filled} raw --id visit=410878 filter="
    told = os.environ | environment(line, _ARGCOMPLETE_STDOUT_FILENAME=os.devnull)
    done = subprocess.run([sys.executable, "-c", code], env=told, capture_output=True, text=True)
    imported = set(done.stdout.split())
    assert {"argcomplete", "persistence.registry.tab"} <= imported
    heavy = {
        "numpy",
        "astropy",
        "yaml",
        "sqlite_utils",
        "logging",
        "persistence.butler.butler",
        "persistence.dataids.template",
    }
    assert not heavy & imported


def test_without_a_shell_that_asks_nothing_happens(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("_ARGCOMPLETE", raising=False)
    completion.complete(main.parser())
    completion.complete_again()
    completion.complete_task(main.parser(), dict)


def test_it_works_in_bash(filled: Path) -> None:
    outline.of(str(filled))
    line = f"persistence get {filled} raw --id visit=410878 filter=g^"
    folder = Path(sys.executable).parent
    code = (
        'eval "$(register-python-argcomplete persistence)"\n'
        f'COMP_LINE="{line}" COMP_POINT={len(line)} COMP_TYPE=9\n'
        "_python_argcomplete persistence '^' '='\n"
        'printf "<%s>" "${COMPREPLY[@]}"\n'
    )
    told = os.environ | {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}
    done = subprocess.run(["bash", "--norc", "-ic", code], env=told, capture_output=True, text=True)
    # compopt is bash's own matter: without it, argcomplete adds the space
    assert done.stdout == "<g^r >"


@pytest.mark.parametrize("name", main.COMMANDS)
def test_each_subcommand_is_told_alike_in_both_places(name: str) -> None:
    told = (main.command(name).__doc__ or "").partition("\n")[0]
    assert told == f"``persistence {name}``: {main.COMMANDS[name]}."


def test_tab_offers_names_of_repositories_and_directories(
    tab: Tab, filled: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tmp_path / "config.yaml"
    config.write_text(f"repositories: {{moon: {filled}, mars: /mars}}")
    (tmp_path / "mine").mkdir()
    (tmp_path / ".m").mkdir()
    monkeypatch.chdir(tmp_path)
    told = {"PERSISTENCE_CONFIG": str(config)}
    assert sorted(tab("tree m", **told)) == ["mars", "mine/", "moon"]
    assert tab("tree .m", **told) == [".m/"]
    assert tab("get moon cale", **told) == ["calexp", "calexpBackground", "calexp_camera"]
    config.write_text("repositories: [")
    assert tab("tree m", **told) == ["mine/"]
