"""The ``persistence`` command as a whole: statuses, messages, speed, and that it leaves no trace."""

from __future__ import annotations

import importlib.metadata
import json
import logging
import os
import signal
import subprocess
import sys
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from persistence.cli import main, messages
from persistence.cli.usage import NONE, OPEN

TOP = Path(__file__).resolve().parents[2]
COMMAND = Path(sys.executable).parent / "persistence"
ID = ("--id", "visit=410877", "ccdnum=28")
# Output waits in a buffer until the end, as it does for a user.
BUFFERED = {name: value for name, value in os.environ.items() if name != "PYTHONUNBUFFERED"}

# Each subcommand, in its usual use.
USES: dict[str, tuple[str, ...]] = {
    "status": (),
    "find": ("raw", "--where", "ccdnum = 28"),
    "missing": ("calexp", "--id", "ccdnum=28"),
    "at": ("0", "0", "--radius", "180", "--type", "raw"),
    "du": ("--by", "type,rerun"),
    "tree": (),
    "types": ("raw*", "--views"),
    "query": ("raw", "visit", "--id", "ccdnum=28"),
    "quality": (),
    "registry": ("--filter", "[gr]"),
    "show-data": ("raw", "--id", "ccdnum=28"),
    "uri": ("src", *ID),
    "get": ("src", *ID),
    "ids": ("calexp", "22938801"),
    "calibs": ("bias",),
    "why": ("src", *ID),
    "used-by": ("src", *ID),
    "stale": (),
    "log": ("src", "-N", "2"),
    "watch": ("--exec", "echo {id}", "--dry-run", "--id", "ccdnum=28"),
}


def words(command: str, root: Path) -> list[str]:
    return [command, str(root), *USES[command]]


def snapshot(*folders: Path) -> dict[str, tuple[int, int, int]]:
    """Return everything in some folders, and the folders, with size, mode and time."""
    paths = [path for folder in folders for path in (folder, *folder.rglob("*"))]
    states = {str(path): path.lstat() for path in paths}
    return {
        path: (state.st_size, state.st_mode, state.st_mtime_ns) for path, state in states.items()
    }


def test_each_subcommand_that_changes_nothing_is_used_here() -> None:
    modules = {name: main.command(name) for name in main.COMMANDS}
    assert set(USES) >= {
        name
        for name, module in modules.items()
        if not getattr(module, "WRITES", False) and getattr(module, "REPOSITORY", OPEN) != NONE
    } - {"diff"}  # of two repositories: test_diff.py


# -- how it is called
# ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "command", [[COMMAND], [sys.executable, TOP / "bin" / "persistence"]], ids=["installed", "bin"]
)
def test_the_command_works_installed_and_from_the_checkout(
    command: list[Any], filled: Path
) -> None:
    done = subprocess.run(
        [*command, "query", filled, "raw", "visit", "--format=csv"], capture_output=True, text=True
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "visit\n410877\n410878\n", "")


def test_the_checkouts_command_can_be_started() -> None:
    assert os.access(TOP / "bin" / "persistence", os.X_OK)


@pytest.mark.parametrize("command", USES)
def test_help_tells_what_each_subcommand_does(run: Any, command: str) -> None:
    done = run(command, "--help")
    assert done.status == 0
    assert f"usage: persistence {command}" in done.out
    description = done.out.split("\n\n")[1]
    assert description[0].isupper()
    assert description.endswith(".")
    overview = run("--help").out
    assert f"    {command} " in overview
    assert main.COMMANDS[command] in " ".join(overview.split())


@pytest.mark.parametrize("command", USES)
@pytest.mark.parametrize("form", ["table", "jsonl", "csv"])
def test_each_form_can_be_asked_for_before_and_after_the_subcommand(
    run: Any, rerun: Path, command: str, form: str
) -> None:
    after = run(*words(command, rerun), "--format", form)
    assert (after.status, after.err) == (0, "")
    assert run("--format", form, *words(command, rerun)) == after
    if form == "jsonl":
        assert {type(json.loads(line)) for line in after.out.splitlines()} == {dict}


@pytest.mark.parametrize("command", USES)
def test_json_and_its_lines_are_the_same_rows(run: Any, rerun: Path, command: str) -> None:
    whole = run(*words(command, rerun), "--format=json").out
    lines = run(*words(command, rerun), "--format=jsonl").out.splitlines()
    assert [json.loads(line) for line in lines] == json.loads(whole)


@pytest.mark.parametrize("line", [["--version"], ["-m", "persistence", "--version"]])
def test_the_version_is_that_of_the_installed_distribution(line: list[str]) -> None:
    command = [COMMAND] if line[0] == "--version" else [sys.executable]
    done = subprocess.run([*command, *line], capture_output=True, text=True)
    version = importlib.metadata.version("gen2-butler")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.split()[:2] == ["persistence", version]


def test_the_mapper_can_be_named_where_the_repository_names_none(run: Any, tmp_path: Path) -> None:
    refused = run("tree", tmp_path)
    assert (refused.status, refused.out) == (2, "")
    assert "it has no _mapper" in refused.err
    assert refused.err.endswith("or pass --mapper NAME\n")
    for line in (
        ("--mapper", "decam", "tree", tmp_path),
        ("tree", tmp_path, "--mapper", "lsst.obs.decam.DecamMapper"),
    ):
        done = run(*line)
        assert (done.status, done.err) == (0, "")
        assert "lsst.obs.decam.DecamMapper" in done.out
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([], "the following arguments are required: COMMAND"),
        (["tre", "repo"], "invalid choice: 'tre'"),
        (["tree"], "the following arguments are required: REPO"),
        (["tree", "nowhere"], "persistence: there is no directory nowhere\n"),
        (["tree", "nowhere", "--mapper", "decam"], "persistence: there is no directory nowhere\n"),
        (
            ["tree", ".", "--mapper", "decm"],
            "no installed camera has the name 'decm'; did you mean 'decam'?",
        ),
        (["tree", ".", "--format", "xml"], "invalid choice: 'xml'"),
    ],
)
def test_what_is_mistyped_is_status_2(
    run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: list[str], message: str
) -> None:
    monkeypatch.chdir(tmp_path)
    done = run(*line)
    assert (done.status, done.out) == (2, "")
    assert message in done.err
    assert list(tmp_path.iterdir()) == []


# -- what goes wrong
# ----------------------------------------------------------------------------------------


@pytest.fixture
def fake(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """Return a subcommand ``fake`` whose ``run`` is to be set."""
    made = SimpleNamespace(arguments=lambda parser: None)
    monkeypatch.setattr(main, "COMMANDS", {"fake": "a test"})
    monkeypatch.setitem(sys.modules, "persistence.cli.fake", made)
    return made


class Unspeakable(Exception):
    """An error whose text cannot be had."""

    __str__ = None  # type: ignore[assignment]


def raising(error: BaseException) -> Any:
    def act(*_arguments: Any) -> int:
        raise error

    return act


@pytest.mark.parametrize(
    ("error", "status", "message"),
    [
        (KeyError("odd"), 1, "persistence: KeyError: 'odd' (--traceback shows where)\n"),
        (
            Unspeakable(),
            1,
            "persistence: Unspeakable: its text is not available: TypeError (--traceback shows where)\n",
        ),
        (
            PermissionError(13, "Permission denied", "/a/b"),
            1,
            "persistence: /a/b: Permission denied\n",
        ),
        (OSError(28, "No space left on device"), 1, "persistence: No space left on device\n"),
        (KeyboardInterrupt(), 130, "persistence: interrupted\n"),
    ],
)
def test_whatever_is_raised_is_told_without_a_traceback(
    run: Any, fake: SimpleNamespace, root: Path, error: BaseException, status: int, message: str
) -> None:
    fake.run = raising(error)
    assert run("fake", root) == (status, "", message)


def test_a_traceback_is_there_for_who_wants_it(run: Any, fake: SimpleNamespace, root: Path) -> None:
    fake.run = raising(KeyError("odd"))
    with pytest.raises(KeyError, match="odd"):
        run("fake", root, "--traceback")


def test_a_warning_is_one_line(run: Any, fake: SimpleNamespace, root: Path) -> None:
    def act(*_arguments: Any) -> int:
        warnings.simplefilter("always")
        warnings.warn("look out", UserWarning, stacklevel=1)
        return 0

    fake.run = act
    assert run("fake", root) == (0, "", "persistence: warning: look out\n")


@pytest.mark.parametrize(
    "line", [["types", "{root}", "--views"], ["query", "{root}", "raw", "visit", "ccdnum"], ["-h"]]
)
def test_a_reader_that_has_seen_enough_is_no_error(filled: Path, line: list[str]) -> None:
    argv = [word.format(root=filled) for word in line]
    with subprocess.Popen(
        [COMMAND, *argv], stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=BUFFERED
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()  # before anything is written
        assert process.stderr.read() == b""
    assert process.returncode == 0


@pytest.mark.parametrize("line", [["tree", "{root}"], ["types", "{root}"], ["-h"], ["get", "-h"]])
def test_output_that_cannot_be_written_is_told_once(filled: Path, line: list[str]) -> None:
    if not os.path.exists("/dev/full"):
        pytest.skip("this system has no /dev/full")
    argv = [COMMAND, *(word.format(root=filled) for word in line)]
    with open("/dev/full", "w") as full:
        done = subprocess.run(argv, stdout=full, stderr=subprocess.PIPE, text=True, env=BUFFERED)
    assert (done.returncode, done.stderr) == (1, "persistence: No space left on device\n")


def test_no_output_at_all_is_no_error(filled: Path) -> None:
    command = f"exec {COMMAND} tree {filled} >&-"
    done = subprocess.run(["sh", "-c", command], stderr=subprocess.PIPE, text=True)
    assert (done.returncode, done.stderr) == (0, "")


def test_an_interrupt_ends_it_with_status_130(root: Path) -> None:
    os.mkfifo(root / "registry.sqlite3.fifo")
    code = (
        "import signal, sys\n"
        "from persistence.cli import main, tree\n"
        # Whoever runs the tests in the background has it ignored, and so would this process.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "def wait(*arguments):\n"
        "    print('ready', flush=True)\n"
        f"    open({str(root / 'registry.sqlite3.fifo')!r})\n"
        "tree.run = wait\n"
        f"sys.exit(main.main(['tree', {str(root)!r}]))\n"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        process.send_signal(signal.SIGINT)
        assert process.communicate() == ("", "persistence: interrupted\n")
    assert process.returncode == 130


def test_a_file_that_may_not_be_written_is_named() -> None:
    # pytest's own directories are closed to others
    with tempfile.TemporaryDirectory(dir="/tmp") as name:
        folder = Path(name)
        (folder / "repo").mkdir()
        (folder / "repo" / "_mapper").write_text("lsst.obs.decam.DecamMapper\n")
        (folder / "closed").mkdir()
        for path, mode in ((folder, 0o755), (folder / "closed", 0o555)):
            path.chmod(mode)
        words = ["get", str(folder / "repo"), "ccdExposureId", *ID, "-o"]
        assert main.main([*words, str(folder / "id.json")]) == 0  # all is imported now
        target = folder / "closed" / "id.json"
        status, told = as_nobody([*words, str(target)])
        assert (status, told) == (
            1,
            f"persistence: {target}: cannot be written: Permission denied\n",
        )
        assert list((folder / "closed").iterdir()) == []


def as_nobody(argv: list[str]) -> tuple[int, str]:
    """Run the command as a user who owns nothing, if we may change users; gives status and standard error."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        status = 99
        try:
            if os.geteuid() == 0:
                os.setgid(65534)
                os.setuid(65534)
            sys.stderr = os.fdopen(writer, "w")
            status = main.main(argv)
            sys.stderr.flush()
        finally:
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader) as stream:
        told = stream.read()
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), told


# -- commands that packages announce
# ----------------------------------------------------------------------

_ANNOUNCED = "[persistence.commands]\nmoon = toymoon\n"
_MOON = """\"\"\"``persistence moon``: tell of the moon.\"\"\"

REPOSITORY = {repository!r}
WRITES = True


def arguments(parser):
    parser.add_argument("--phase", default="full")


def run(repository, arguments):
    print(type(repository).__name__, arguments.phase, arguments.dry_run, arguments.format)
    return 0
"""


@pytest.mark.parametrize(
    ("repository", "words", "out"),
    [
        ("open", ["{root}", "-n"], "Butler full True table\n"),
        ("path", ["nowhere", "--dry-run"], "str full True table\n"),
        ("none", ["--phase=new", "--format=json"], "NoneType new False json\n"),
    ],
)
def test_a_package_can_announce_a_command(
    run: Any, site: Any, root: Path, repository: str, words: list[str], out: str
) -> None:
    site(_ANNOUNCED, toymoon=_MOON.format(repository=repository))
    assert run("moon", *(word.format(root=root) for word in words)) == (0, out, "")
    assert "    moon                tell of the moon" in run("--help").out


def test_help_of_others_imports_no_announced_command(run: Any, site: Any, root: Path) -> None:
    site(_ANNOUNCED, toymoon="raise SystemError('no moon')")
    assert run("tree", root).status == 0
    assert "toymoon cannot be imported: SystemError: no moon" in " ".join(run("--help").out.split())
    done = run("moon")
    assert (done.status, done.out) == (2, "")
    assert "toymoon cannot be imported: SystemError: no moon" in done.err


# -- what is told besides
# ----------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "err"),
    [
        ((), "persistence: a note\n"),
        (("-q",), ""),
        (
            ("-v",),
            "persistence: persistence -v fake {root}\npersistence: done\npersistence: a note\n",
        ),
    ],
)
def test_verbose_and_quiet_say_what_is_told(
    run: Any, fake: SimpleNamespace, root: Path, options: tuple[str, ...], err: str
) -> None:
    def act(*_arguments: Any) -> int:
        logging.getLogger("persistence.ingest").info("done")
        messages.note("a note")
        return 0

    fake.run = act
    assert run(*options, "fake", root) == (0, "", err.format(root=root))


def test_a_log_file_keeps_what_is_told_and_done(
    run: Any, fake: SimpleNamespace, root: Path, tmp_path: Path
) -> None:
    fake.run = raising(KeyError("odd"))
    path = tmp_path / "a log.txt"
    for _ in range(2):
        run("fake", root, "-q", "--log-file", path)
    lines = [line.partition("Z ")[2] for line in path.read_text().splitlines()]
    assert lines == 2 * [
        f"INFO persistence.cli: persistence fake {root} -q --log-file '{path}'",
        "ERROR persistence.cli: KeyError: 'odd' (--traceback shows where)",
    ]
    done = run("fake", root, "--log-file", tmp_path / "nowhere" / "log")
    assert (done.status, done.err) == (
        1, f"persistence: {tmp_path}/nowhere/log: No such file or directory\n"
    )  # fmt: skip


# -- what it leaves, and what it takes
# ----------------------------------------------------------------------


@pytest.mark.parametrize("command", USES)
def test_nothing_in_the_repositories_is_changed(
    run: Any, rerun: Path, filled: Path, tmp_path: Path, command: str
) -> None:
    before = snapshot(rerun.parent, filled)
    assert run(*words(command, rerun)).status == 0
    assert run(command, rerun, "nosuchthing", "nosuchkey").status != 0
    if command == "get":
        assert run(*words(command, rerun), "-o", tmp_path / "x.fits").status == 0
    if command == "uri":
        assert run(*words(command, rerun), "--write").status == 0
    assert snapshot(rerun.parent, filled) == before


def imported(argv: list[str]) -> Iterator[str]:
    """Run the command in a process of its own; give the libraries that it imported."""
    code = (
        "import sys\n"
        "from persistence.cli.main import main\n"
        f"status = main({argv!r})\n"
        "print(*sorted({name.split('.')[0] for name in sys.modules}), file=sys.stderr)\n"
        "sys.exit(status)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    yield from done.stderr.split()


@pytest.mark.parametrize(
    "line",
    [
        *([name, *USES[name]] for name in USES if name not in ("at", "get", "ids", "quality")),
        ["get", "src", *ID, "-o", "copy.fits"],
    ],
    ids=" ".join,
)
def test_what_looks_into_no_image_imports_no_numpy(
    rerun: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: list[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    found = set(imported([line[0], str(rerun), *line[1:]]))
    assert "persistence" in found
    assert found.isdisjoint(
        {"numpy", "astropy", "rich", "pandas", "pyarrow", "matplotlib", "sqlite_utils"}
    )


def test_what_tab_imports_of_the_subcommands_is_quick_to_import() -> None:
    code = (
        "import sys\n"
        "from persistence.cli import main\n"
        "for name in main.COMMANDS:\n"
        "    main.command(name)\n"
        "print(*sys.modules)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    slow = {"numpy", "yaml", "logging", "persistence.butler.butler", "persistence.cameras.mapper"}
    assert slow.isdisjoint(done.stdout.split())


def test_summaries_are_read_without_astropy(rerun: Path) -> None:
    found = set(imported(["quality", str(rerun)]))
    assert "numpy" in found
    assert found.isdisjoint({"astropy", "rich", "pandas", "pyarrow", "matplotlib", "sqlite_utils"})
