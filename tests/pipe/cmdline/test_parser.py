"""The command line of a task, as a user types it."""

from __future__ import annotations

import argparse
import logging
import os
import shlex
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.pipe.cmdline.parser import ArgumentParser, InputOnlyArgumentParser
from persistence.pipe.logs import Settings

Ended = Callable[..., Any]


def tree(folder: Path) -> set[tuple[str, int]]:
    """Return every path below a directory, with the time of its last change."""
    return {(str(path), path.lstat().st_mtime_ns) for path in (folder, *folder.rglob("*"))}


def parse(parser: ArgumentParser, config: Any, *words: Any, **more: Any) -> Any:
    return parser.parse_args(config, [str(word) for word in words], **more)


# -- the seed
# ----------------------------------------------------------------------------------------------

APDB = '-c diaPipe.apdb.isolation_level=READ_UNCOMMITTED -c diaPipe.apdb.db_url="sqlite:///apdb/association.db"'
SEED = {
    "a rerun": f"repo --calib repo/calibs --rerun processed {APDB} "
    "--id visit=123456 ccdnum=42 filter=g --template templates",
    "a standalone output": f"repo --calib repo/calibs --output path/to/put/processed/data/in {APDB} "
    "--id visit=123456 ccdnum=42 filter=g --template path/to/templates",
    "calexp templates": "repo --calib repo/calibs --rerun processed -C $AP_PIPE_DIR/config/calexpTemplates.py "
    f"{APDB} --id visit=123456 ccdnum=42 filter=g --template /path/to/calexp/templates --templateId visit=234567",
}
PREVIEW = (
    "repo --calib repo/calibs --rerun processed --id visit=123456 ccdnum=42 filter=g --show data"
)


@pytest.fixture
def seeded(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a directory with ``repo``, which has the visits of the seed, and ``$AP_PIPE_DIR``."""
    import sqlite3

    own.rename(tmp_path / "repo")
    with sqlite3.connect(tmp_path / "repo/registry.sqlite3") as registry:
        for table in ("raw", "raw_visit"):
            registry.execute(f"UPDATE {table} SET visit = 123456 WHERE visit = 410877")
            registry.execute(f"UPDATE {table} SET visit = 234567 WHERE visit = 410878")
    registry.close()
    for folder in (tmp_path / "repo").glob("*/*"):
        for path in folder.iterdir():
            path.rename(
                path.with_name(path.name.replace("410877", "123456").replace("410878", "234567"))
            )
    (tmp_path / "repo/calibs").mkdir()
    settings = tmp_path / "ap_pipe/config"
    settings.mkdir(parents=True)
    (settings / "calexpTemplates.py").write_text("config.label = 'calexp'\n")
    monkeypatch.setenv("AP_PIPE_DIR", str(tmp_path / "ap_pipe"))
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def ap_pipe() -> ArgumentParser:
    """Return a parser with the options of the seed's task."""
    # Of another name, for DECam has settings for apPipe, which a toy lacks.
    made = ArgumentParser(name="apPipeline", prog="ap_pipe.py")
    made.add_id_argument("--id", "raw", help="which raws")
    made.add_id_argument("--templateId", "raw", help="which templates")
    made.add_argument("--template", help="where templates are")
    made.addReuseOption(["ccdProcessor", "differencer", "diaPipe"])
    return made


@pytest.mark.parametrize("line", SEED)
def test_the_seeds_command_lines_are_parsed_as_they_stand(
    seeded: Path, ap_pipe: ArgumentParser, config: Any, line: str
) -> None:
    words = shlex.split(os.path.expandvars(SEED[line]))
    parsed = ap_pipe.parse_args(config, words)
    apdb = parsed.config.diaPipe.apdb
    assert (apdb.isolation_level, apdb.db_url) == (
        "READ_UNCOMMITTED",
        "sqlite:///apdb/association.db",
    )
    (reference,) = parsed.id.refList
    known = {key: reference.dataId[key] for key in ("visit", "ccdnum", "filter")}
    assert known == {"visit": 123456, "ccdnum": 42, "filter": "g"}
    assert list(reference.dataId)[:3] == ["visit", "ccdnum", "filter"]
    standalone = line == "a standalone output"
    output = seeded / ("path/to/put/processed/data/in" if standalone else "repo/rerun/processed")
    assert (parsed.input, parsed.calib, parsed.output) == (
        str(seeded / "repo"), str(seeded / "repo/calibs"), str(output),
    )  # fmt: skip
    assert parsed.rerun == (None if standalone else ["processed"])
    assert (output / "repositoryCfg.yaml").exists()
    assert parsed.butler.chain.outputs[0].root == str(output)
    assert parsed.template == words[words.index("--template") + 1]
    templates = {reference.dataId["visit"] for reference in parsed.templateId.refList}
    assert (templates, parsed.config.label) == (
        ({234567}, "calexp") if line == "calexp templates" else (set(), "x")
    )  # fmt: skip
    assert parsed.reuse == []


def test_the_seeds_preview_shows_the_data_and_writes_nothing(
    seeded: Path, ap_pipe: ArgumentParser, config: Any, ended: Ended
) -> None:
    before = tree(seeded)
    done = ended(ap_pipe, config, *shlex.split(PREVIEW))
    (told,) = done.out.splitlines()
    assert told.startswith(
        "id dataRef.dataId = {'visit': 123456, 'ccdnum': 42, 'filter': 'g', 'date': "
    )
    assert (done.status, done.err) == (0, "")
    assert tree(seeded) == before


def test_the_seeds_directory_of_settings_is_told_to_be_one(
    seeded: Path, ap_pipe: ArgumentParser, config: Any, ended: Ended
) -> None:
    done = ended(
        ap_pipe, config, "repo", "--rerun", "a", "-C", os.path.expandvars("$AP_PIPE_DIR/config/")
    )
    assert done.status == 2
    assert "is a directory, not a file of settings; it has calexpTemplates.py" in done.err


# -- the first argument
# ------------------------------------------------------------------------------------


@pytest.mark.parametrize("word", ["-h", "--help"])
def test_help_alone_is_help(parser: ArgumentParser, config: Any, ended: Ended, word: str) -> None:
    done = ended(parser, config, word)
    assert (done.status, done.err) == (0, "")
    groups = [
        "repositories",
        "data selection",
        "configuration",
        "output and logging",
        "execution",
        "what is rep",
    ]
    places = [done.out.index(f"\n{group}") for group in groups]
    assert places == sorted(places)
    assert done.out.startswith("usage: toy.py INPUT [options]\n")


def test_help_later_on_the_line_is_help_too(
    parser: ArgumentParser, config: Any, ended: Ended, filled: Path
) -> None:
    assert ended(parser, config, filled, "--id", "-h").status == 0


@pytest.mark.parametrize("words", [[], ["--id", "repo"], ["@file", "repo"], ["-h", "repo"]])
def test_without_an_input_first_there_is_help_and_status_1(
    parser: ArgumentParser, config: Any, ended: Ended, words: list[str]
) -> None:
    done = ended(parser, config, *words)
    assert (done.status, done.err) == (
        1,
        "toy.py: error: the input repository has to be given first\n",
    )
    assert done.out.startswith("usage: ")


def test_the_words_of_the_command_line_are_the_default(
    parser: ArgumentParser, config: Any, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "argv", ["toy.py", str(own), "--rerun", "a", "-j", "3"])
    assert parser.parse_args(config).processes == 3


# -- what cannot be meant
# ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("{}x --rerun a", r"the input .*/ownx is not a directory; did you mean '.*/own'\?"),
        ("{}/.. --rerun a", "is not a repository: it names no mapper"),
        ("{}", r"an output is required: pass --output DIR or --rerun NAME"),
        ("{} --output a --rerun b", "both name the output"),
        ("{} --rerun a:b:c", "write --rerun OUT or --rerun IN:OUT"),
        ("{} --rerun a:b", r"there is no rerun 'a' in .* \(known: none\)"),
        (
            "{} --rerun a --clober-output",
            "unrecognized arguments: --clober-output; did you mean '--clobber-output'",
        ),
        ("{} stray --rerun a", "unrecognized arguments: stray"),
        ("{} --rerun a --clobber", "ambiguous option: --clobber could match"),
        ("{} --rerun a -c gian=2", "-c gian=2: there is no field 'gian'; did you mean 'gain'"),
        ("{} --rerun a -c gain", "write -c NAME=VALUE"),
        ("{} --rerun a -C none.py", "-C none.py cannot be read"),
        ("{} --rerun a -L 1234", "there is no log level '1234'"),
        ("{} --rerun a -L foo", "there is no log level 'foo'"),
        ("{} --rerun a -L toy=inf", "there is no log level 'inf'; did you mean 'info'"),
        ("{} --rerun a --id visit=1 visit=2", "--id: key 'visit' is given twice"),
        (
            "{} --rerun a --id ccd=1 ccdnum=2",
            r"--id: key 'ccdnum' is repeated; write ccdnum=A\^B",
        ),
        ("{} --rerun a --id vist=1", "--id: unknown key 'vist'; did you mean 'visit'"),
        ("{} --rerun a --id visit=x", "--id: visit='x': visit takes a value of type int"),
        ("{} --rerun a --id visit", "--id: 'visit' is not key=value"),
        ("{} --rerun a --id visit=5..1", "--id: range '5..1' is empty"),
        (
            "{} --rerun a -j 0",
            "argument -j/--processes: '0' is not a number of processes: give 1 or more",
        ),
        ("{} --rerun a -j x", "argument -j/--processes: 'x' is not a number of processes"),
        (
            "{} --rerun a -t 0",
            "argument -t/--timeout: '0' is not a number of seconds to wait: give one above 0",
        ),
        (
            "{} --rerun a -t 1e300",
            "argument -t/--timeout: '1e300' is not a number of seconds to wait: .* up to 1e9",
        ),
        (
            "{} --rerun a --calib=",
            "argument --calib: it is empty: is a variable of the shell not set",
        ),
        ("{} --output=", "argument --output: it is empty: is a variable of the shell not set"),
        (
            "{} --rerun a --profile none/profile",
            "--profile none/profile cannot be written: .*none is no directory",
        ),
        ("{} --rerun a --profile {}", "--profile .* cannot be written: it is a directory"),
        (
            "{} --rerun a --id visit=1..1001 ccdnum=1..1000",
            "1001000 values: more than 1000000 are too many",
        ),
        ("{} --rerun a -t nan", "argument -t/--timeout: 'nan' is not a number of seconds"),
        ("{} --rerun a --engine dsk", "invalid choice: 'dsk'"),
        ("{} --rerun a --engine dask", "--engine dask needs --scheduler tcp"),
        ("{} --rerun a --engine local --scheduler x", "--scheduler x needs --engine dask"),
        ("{} --rerun a --skip-existing --redo-failed", "not allowed with argument"),
        ("{} --rerun a --show", "argument --show: expected at least one argument"),
        ("{} --rerun a -c label=bad", "the configuration is not valid: label: it is bad"),
        (
            "{} --rerun a -c gain=None",
            "-c gain=None|the configuration is not valid: gain: Required value cannot be",
        ),
        ("{} --rerun a @none", "@none cannot be read"),
        ("{} --clobber-output --output {}", "--clobber-output would remove .*, which is read"),
        (
            "{} --calib {}/rerun/a/CALIB --clobber-output --rerun a",
            "--clobber-output would remove .*CALIB, which is",
        ),
    ],
)
def test_what_cannot_be_meant_ends_with_one_message_and_changes_nothing(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, words: str, message: str
) -> None:
    import re

    (own / "rerun/a/CALIB").mkdir(parents=True)
    before = tree(own)
    done = ended(parser, config, *words.format(*[own] * 2).split())
    usage, *rest = done.err.splitlines()
    assert (done.status, done.out, usage) == (2, "", "usage: toy.py INPUT [options]")
    assert re.match(f"toy.py: error: .*({message})", "\n".join(rest), re.DOTALL)
    assert tree(own) == before


def test_an_input_that_is_empty_is_not_the_working_directory(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(own)
    done = ended(parser, config, "", "--rerun", "a")
    assert done.status == 2
    assert "the input is empty: is a variable of the shell not set?" in done.err


def test_an_interrupt_before_anything_is_run_has_no_traceback(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "settings.py").write_text("raise KeyboardInterrupt")
    done = ended(parser, config, own, "--rerun", "a", "-C", tmp_path / "settings.py")
    assert (done.status, done.err) == (130, "toy.py: interrupted: nothing was run\n")


def test_a_bad_data_id_is_told_before_a_bad_configuration(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path
) -> None:
    assert (
        "unknown key"
        in ended(parser, config, own, "--rerun", "a", "-c", "label=bad", "--id", "vist=1").err
    )


def test_an_output_that_was_set_up_otherwise_is_refused(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, tmp_path: Path
) -> None:
    one, other = own / "CALIB", own / "OTHER"
    one.mkdir(), other.mkdir()
    Butler(
        inputs=str(own),
        outputs={"root": str(tmp_path / "out"), "mapperArgs": {"calibRoot": str(one)}},
    )
    done = ended(parser, config, own, "--output", tmp_path / "out", "--calib", other)
    assert done.status == 2
    assert (
        f"is set up with mapperArgs {{'calibRoot': '{one}'}}, not {{'calibRoot': '{other}'}}"
        in done.err
    )


def test_an_input_whose_camera_is_not_installed_is_told(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path
) -> None:
    (own / "_mapper").write_text("lsst.obs.decam.DecamMappr\n")
    done = ended(parser, config, own, "--rerun", "a")
    assert (done.status, "did you mean 'lsst.obs.decam.DecamMapper'" in done.err) == (2, True)


# -- what comes of it
# --------------------------------------------------------------------------------------


def test_the_namespace_has_what_scripts_rely_on(
    parser: ArgumentParser, config: Any, own: Path
) -> None:
    parsed = parse(parser, config, own, "--rerun", "user/a", "--id", "ccd=28")
    expected = {
        "input": str(own), "calib": None, "output": str(own / "rerun/user/a"), "rerun": ["user/a"], "camera": "decam",
        "obsPkg": "obs_decam", "logSettings": Settings(), "show": None, "debug": False, "doraise": False,
        "noExit": False, "profile": None, "processes": 1, "timeout": None, "clobberOutput": False,
        "clobberConfig": False, "noBackupConfig": False, "clobberVersions": False, "noVersions": False,
        "noDurable": False, "force": False, "mapper": None, "trust": None,
        "engine": "local", "scheduler": None, "skipExisting": False, "redoFailed": False, "redoStale": False, "recordDigests": False,
        "template": None, "alsoRead": [], "logQuiet": False, "logFile": None, "noProgress": False,
    }  # fmt: skip
    objects = {"config", "butler", "log", "id", "badId"}
    assert {name: value for name, value in vars(parsed).items() if name not in objects} == expected
    assert objects <= vars(parsed).keys()
    assert parsed.config is config
    assert [reference.dataId["visit"] for reference in parsed.id.refList] == [410877, 410878]


def test_a_repository_that_a_task_reads_beside_the_input_may_lie_in_it(
    config: Any, own: Path, tmp_path: Path
) -> None:
    within, elsewhere = own / "templates", tmp_path / "elsewhere"
    for folder in (within, elsewhere):
        folder.mkdir()
        (folder / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
    for typed, folder in (("templates", within), (str(elsewhere), elsewhere)):
        made = ArgumentParser(name="x", prog="x.py")
        made.add_id_argument("--id", "raw", help="which raws")
        made.addInputOption("--also", "what else is read")
        words = [str(own), "--rerun", folder.name, "--id", "ccd=28", "--also", typed]
        parsed = made.parse_args(config, words)
        roots = [repository.root for repository in parsed.butler.chain.inputs]
        assert roots[-1] == str(folder)
        assert str(own) in roots[:-1]


@pytest.mark.parametrize(
    ("words", "name", "value"),
    [
        ("-j 4", "processes", 4),
        ("--processes 4", "processes", 4),
        ("--proc 4", "processes", 4),
        ("-t 1.5", "timeout", 1.5),
        ("--engine dask --scheduler x", "engine", "dask"),
        ("--scheduler tcp://x:1", "engine", "dask"),
        ("--skip-existing", "skipExisting", True),
        ("--reuse-outputs", "skipExisting", True),
        ("--redo-failed", "redoFailed", True),
        ("--redo-stale", "redoStale", True),
        ("--digests", "recordDigests", True),
        ("--noExit", "noExit", True),
        ("--doraise", "doraise", True),
        ("--profile p", "profile", "p"),
        ("--clobber-config", "clobberConfig", True),
        ("--no-backup-config", "noBackupConfig", True),
        ("--clobber-versions", "clobberVersions", True),
        ("--no-versions", "noVersions", True),
        ("--no-durable", "noDurable", True),
        ("--force", "force", True),
        ("--clobber-output", "clobberOutput", True),
        ("--templ t", "template", "t"),
    ],
)
def test_options_say_what_they_say(
    parser: ArgumentParser, config: Any, own: Path, words: str, name: str, value: Any
):
    assert getattr(parse(parser, config, own, "--rerun", "a", *words.split()), name) == value


def test_settings_count_from_left_to_right(
    parser: ArgumentParser, config: Any, own: Path, tmp_path: Path
) -> None:
    path = tmp_path / "f.py"
    path.write_text("config.gain = 7.0\nconfig.label = 'file'\n")
    words = [
        "-c",
        "gain=1",
        "label=a",
        "-C",
        path,
        "-c",
        "label=z",
        "--config-file",
        path,
        "--config",
        "label=y",
    ]
    parsed = parse(parser, config, own, "--rerun", "a", *words)
    assert (parsed.config.gain, parsed.config.label) == (7.0, "y")
    with pytest.raises(ValueError, match="frozen"):
        parsed.config.gain = 3.0


def test_the_originals_vectors_of_the_configuration(
    parser: ArgumentParser, config: Any, own: Path
) -> None:
    words = ["-c", "flag=False", "gain=-2", "label=two words", "sub.n=0x10", "names=ab"]
    found = parse(parser, config, own, "--rerun", "a", *words).config
    assert (found.flag, found.gain, found.label, found.sub.n) == (False, -2.0, "two words", 16)
    assert list(found.names) == ["a", "b"]


def test_the_cameras_settings_come_first_then_the_tasks_then_what_is_typed(
    config: Any,
    ended: Ended,
    own: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: Any,
) -> None:
    (tmp_path / "obs/config/decam").mkdir(parents=True)
    (tmp_path / "obs/config/toy.py").write_text(
        "config.names.append('package')\nconfig.gain = 2.0\n"
    )
    (tmp_path / "obs/config/decam/toy.py").write_text(
        "config.names.append('camera')\nconfig.gain = 3.0\n"
    )
    monkeypatch.setenv("OBS_DECAM_DIR", str(tmp_path / "obs"))
    parser = ArgumentParser(name="toy")

    def override(config: Any) -> None:
        config.names.append("task")
        config.gain += 1

    parsed = parse(parser, config, own, "--rerun", "a", "-c", "sub.n=4", override=override)
    assert (list(parsed.config.names), parsed.config.gain) == (["package", "camera", "task"], 4.0)
    assert caplog.messages[0] == f"Settings of the camera: {tmp_path}/obs/config/toy.py"
    (tmp_path / "obs/config/toy.py").write_text("config.none = 1")
    done = ended(parser, type(config)(), own, "--rerun", "a")
    assert (done.status, "obs/config/toy.py, line 1: AttributeError" in done.err) == (2, True)


def test_levels_are_set_before_anything_is_logged(
    parser: ArgumentParser, config: Any, own: Path, caplog: Any
) -> None:
    parsed = parse(
        parser, config, own, "--rerun", "a", "-L", "WARN", "Toy.x=Trace", "-L", "fatal", "--longlog"
    )
    assert parsed.logSettings == Settings({"": logging.CRITICAL, "Toy.x": 5}, long=True)
    parse(parser, type(config)(), own, "--rerun", "a", "-c", "names=ab", "-L", "error")
    assert caplog.messages == []
    parse(parser, type(config)(), own, "--rerun", "a", "-c", "names=ab", "-L", "warn")
    assert [message.partition(":")[0] for message in caplog.messages] == ["-c names=ab"]


@pytest.mark.parametrize(
    ("words", "level", "is_quiet"),
    [
        (["-v"], 15, False),
        (["-vv"], 10, False),
        (["-vvvv"], 5, False),
        (["-v", "-L", "warn"], 30, False),  # what is said last counts
        (["-L", "warn", "-v"], 20, False),
        (["-q"], 20, True),
    ],
)
def test_v_logs_more_and_q_shows_errors_only(
    parser: ArgumentParser, config: Any, own: Path, words: list[str], level: int, is_quiet: bool
) -> None:
    settings = parse(parser, config, own, "--rerun", "a", *words).logSettings
    assert (settings.levels[""], settings.quiet) == (level, is_quiet)


def test_a_log_file_has_to_be_writable(
    parser: ArgumentParser, config: Any, own: Path, ended: Any
) -> None:
    done = ended(parser, config, own, "--rerun", "a", "--log-file", own / "nowhere/log")
    assert (done.status, "--log-file" in done.err) == (2, True)
    assert "is no directory that you may write to" in done.err


@pytest.mark.parametrize("flags", [["-v", "--visit"], ["--quiet"], ["-q"], ["--log-file"]])
def test_a_tasks_own_options_win_over_those_that_gen2_lacked(
    parser: ArgumentParser, config: Any, own: Path, flags: list[str]
) -> None:
    parser.add_argument(*flags, type=int, dest="mine")
    parsed = parse(parser, config, own, "--rerun", "a", flags[-1], "5", "--no-progress")
    assert (parsed.mine, parsed.noProgress) == (5, True)
    assert parsed.logSettings.levels == {"": logging.INFO}
    with pytest.raises(argparse.ArgumentError, match="conflicting"):
        parser.add_argument("-j", dest="other")


@pytest.mark.parametrize("level", ["trace", "DEBUG", "Info", "warn", "error", "fatal"])
def test_the_originals_vectors_of_log_levels(
    parser: ArgumentParser, config: Any, own: Path, level: str
) -> None:
    parse(parser, config, own, "--rerun", "a", "-L", "info", level)
    from persistence.pipe.logs import LEVELS

    assert logging.getLogger().level == LEVELS[level.lower()]


@pytest.mark.parametrize(
    ("words", "steps"), [([], []), (["b"], ["a", "b"]), (["all"], ["a", "b", "c"]), (["a"], ["a"])]
)
def test_the_originals_vectors_of_reuse(
    config: Any, own: Path, words: list[str], steps: list[str]
) -> None:
    parser = ArgumentParser(name="toy")
    parser.addReuseOption(["a", "b", "c"])
    option = [f"--reuse-outputs-from={word}" for word in words]
    assert parse(parser, config, own, "--rerun", "x", *option).reuse == steps


def test_words_may_come_from_files(
    parser: ArgumentParser, config: Any, own: Path, tmp_path: Path
) -> None:
    (tmp_path / "words").write_text(
        "--id visit=410877 ccdnum=28..30 # three chips\n-c label='two words'\n"
    )
    parsed = parse(
        parser, config, own, f"@{tmp_path}/words", "--rerun", "a", "--id", "ccdnum=1", "filter=r"
    )
    assert (len(parsed.id.refList), parsed.config.label) == (4, "two words")


def test_the_environment_says_where_repositories_lie(
    parser: ArgumentParser, config: Any, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, place in (("INPUT", own.parent), ("CALIB", own / "CALIB"), ("OUTPUT", own / "rerun")):
        monkeypatch.setenv(f"PIPE_{name}_ROOT", str(place))
    (own / "CALIB").mkdir()
    parsed = parse(parser, config, own.name, "--output", "x")
    found = parsed.input, parsed.calib, parsed.output
    assert found == (str(own), str(own / "CALIB"), str(own / "rerun/x"))
    repositories = parsed.butler.chain.inputs
    assert [one.mapper.mapperArgs["calibRoot"] for one in repositories] == [str(own / "CALIB")] * 2


def test_an_input_that_is_not_below_the_variable_is_told_with_it(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PIPE_INPUT_ROOT", str(own))
    assert f"is not a directory (below PIPE_INPUT_ROOT={own})" in ended(parser, config, "none").err


def test_a_rerun_of_a_rerun_reads_it(parser: ArgumentParser, config: Any, own: Path) -> None:
    first = parse(parser, config, own, "--rerun", "foo", "--id", "ccdnum=1")
    first.butler.put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=1)
    second = parse(parser, type(config)(), own, "--rerun", "foo:bar", "--id", "ccdnum=1")
    assert second.rerun == ["foo", "bar"]
    assert (second.input, second.output) == (str(own / "rerun/foo"), str(own / "rerun/bar"))
    assert second.butler.datasetExists("processCcd_metadata", visit=410877, ccdnum=1)
    assert len(second.id.refList) == 2
    # It keeps its parents.
    third = parse(parser, type(config)(), own, "--rerun", "bar")
    assert third.butler.datasetExists("processCcd_metadata", visit=410877, ccdnum=1)


def test_a_parser_that_needs_no_output_writes_to_the_input(config: Any, own: Path) -> None:
    parser = InputOnlyArgumentParser(name="toy")
    (own / "CALIB").mkdir()
    before = tree(own)
    butler = parse(parser, config, own, "--calib", own / "CALIB").butler
    assert tree(own) == before
    butler.put({"a": 1}, "processCcd_metadata", visit=410877, ccdnum=1)
    assert butler.getUri("processCcd_metadata", visit=410877, ccdnum=1).startswith(str(own))
    assert parse(parser, type(config)(), own, "--rerun", "a").output == str(own / "rerun/a")


def test_the_camera_can_be_dealt_with_before_the_options(config: Any, own: Path) -> None:
    class Parser(ArgumentParser):
        def handleCamera(self, namespace: Any) -> None:
            namespace.config.label = f"{namespace.camera} of {namespace.obsPkg}"

    assert (
        parse(Parser(name="toy"), config, own, "--rerun", "a").config.label == "decam of obs_decam"
    )


def test_an_option_can_be_made_anew(config: Any, own: Path) -> None:
    parser = ArgumentParser(name="toy", conflict_handler="resolve", description="A toy.")
    parser.add_argument("--template", default="a")
    parser.add_argument("--template", "--engine", default="b", dest="engine")
    assert parse(parser, config, own, "--rerun", "a").engine == "b"
    assert "A toy." in parser.format_help()


@pytest.mark.parametrize("name", ["--id", "id", "--config", "camera", "--butler", "log", "obsPkg"])
def test_a_name_that_is_taken_is_refused(parser: ArgumentParser, name: str) -> None:
    with pytest.raises(RuntimeError, match=f"cannot be named '{name}': that name is in use"):
        parser.add_id_argument(name, "raw", help="which")


def test_the_module_debug_is_imported_on_demand(
    parser: ArgumentParser,
    config: Any,
    own: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    parse(parser, config, own, "--rerun", "a", "--debug")
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("Warning: --debug: no module debug")
    (tmp_path / "debug.py").write_text("print('the module')")
    monkeypatch.syspath_prepend(tmp_path)
    parse(parser, type(config)(), own, "--rerun", "a", "--debug")
    assert capsys.readouterr().out == "the module\n"
    monkeypatch.delitem(sys.modules, "debug")


# -- --show
# ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "line"),
    [
        ("--show config=gain", "config.gain=1.0"),
        ("--show history=gain", "gain"),
        ("--show tasks", "Subtasks:"),
        (
            "--id ccdnum=28 filter=g --show data",
            "id dataRef.dataId = {'ccdnum': 28, 'filter': 'g', 'date': '",
        ),
        ("--rerun a --show config=gain", "config.gain=1.0"),
        (
            "--rerun a --id ccdnum=28 --show config=gain --show data",
            "id dataRef.dataId = {'ccdnum': 28, 'date': '",
        ),
        (
            "--rerun foo --clobber-output --id ccdnum=28 --show data",
            "id dataRef.dataId = {'ccdnum': 28, 'date': '",
        ),
        ("-c label=bad --show config=label", "config.label='bad'"),
    ],
)
def test_showing_writes_nothing_and_needs_no_output(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, words: str, line: str
) -> None:
    parse(parser, type(config)(), own, "--rerun", "foo").butler.put(
        {}, "processCcd_metadata", visit=1, ccdnum=1
    )
    before = tree(own)
    done = ended(parser, config, own, *words.split())
    assert (done.status, done.err) == (0, "")
    assert any(one.startswith(line) for one in done.out.splitlines())
    assert tree(own) == before


def test_the_data_of_an_output_that_is_there_are_shown(
    config: Any, ended: Ended, own: Path
) -> None:
    parser = ArgumentParser(name="toy")
    parser.add_id_argument("--id", "processCcd_metadata", help="which")
    Butler(inputs=str(own), outputs=str(own / "rerun/foo")).put(
        {}, "processCcd_metadata", visit=410877, ccdnum=5
    )
    before = tree(own)
    line = "id dataRef.dataId = {'visit': 410877, 'ccdnum': 5}\n"
    assert ended(parser, config, own, "--rerun", "foo", "--id", "--show", "data").out == line
    assert tree(own) == before


def test_with_run_it_goes_on(
    parser: ArgumentParser, config: Any, own: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    words = ["--rerun", "a", "--id", "visit=410877", "ccdnum=1..2", "--show", "data", "run"]
    parsed = parse(parser, config, own, *words)
    assert capsys.readouterr().out.count("id dataRef.dataId = ") == len(parsed.id.refList) == 2
    assert (own / "rerun/a/repositoryCfg.yaml").exists()


@pytest.mark.parametrize("word", ["dta", "history", "history=none", "run=x"])
def test_a_word_that_it_does_not_know_ends_with_status_1(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, word: str
) -> None:
    before = tree(own)
    done = ended(parser, config, own, "--rerun", "a", "--show", word, "--clobber-output")
    assert (done.status, done.out) == (1, "")
    assert done.err.startswith("toy.py: error: --show ")
    assert tree(own) == before


def test_the_output_is_removed_once_all_makes_sense(
    parser: ArgumentParser, config: Any, own: Path, caplog: Any
) -> None:
    old = parse(parser, config, own, "--rerun", "a").butler
    old.put({}, "processCcd_metadata", visit=410877, ccdnum=1)
    new = parse(parser, type(config)(), own, "--rerun", "a", "--clobber-output").butler
    assert not new.datasetExists("processCcd_metadata", visit=410877, ccdnum=1)
    assert (own / "rerun/a/repositoryCfg.yaml").exists()
    assert f"Removing the contents of {own}/rerun/a (--clobber-output)" in caplog.messages


def test_an_output_that_the_input_builds_on_is_not_removed(
    parser: ArgumentParser, config: Any, ended: Ended, own: Path, tmp_path: Path
) -> None:
    Butler(inputs=str(own), outputs=str(tmp_path / "elsewhere"))
    done = ended(parser, config, tmp_path / "elsewhere", "--output", own, "--clobber-output")
    assert (done.status, "which is read" in done.err) == (2, True)


# -- as a process
# ------------------------------------------------------------------------------------------

CODE = """
import sys
from lsst.pex.config import Config, Field
from persistence.pipe.cmdline.parser import ArgumentParser
class C(Config):
    a = Field("a", int, default=1)
parser = ArgumentParser(name="toy", prog="toy.py")
parser.add_id_argument("--id", "raw", help="which")
parser.parse_args(C())
"""


def test_a_reader_that_has_seen_enough_is_no_error(filled: Path) -> None:
    line = [sys.executable, "-c", CODE, str(filled), *["--id"] * 40, "--show", "data"]
    with subprocess.Popen(line, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.readline()
        process.stdout.close()
        assert process.stderr.read() == b""
        assert process.wait() == 0


def test_importing_the_parser_imports_nothing_heavy() -> None:
    code = "import sys, persistence.pipe.cmdline.parser; print(*{'numpy', 'astropy', 'lsst.pex.config'} & sys.modules.keys())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""
