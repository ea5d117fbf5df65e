"""Several files changed as one: what readers see, and the next writer does, after a kill at any step."""

from __future__ import annotations

import itertools
import json
import os
import traceback
from collections.abc import Callable
from pathlib import Path

import pytest

from persistence.errors import RepositoryError
from persistence.files import intents, temporaries
from persistence.files.batch import Batch

STEPS = ("replace", "link", "unlink")


@pytest.fixture
def root(tmp_path: Path) -> Path:
    made = tmp_path / "repo"
    for name in ("a/1", "b/1", "c/note"):
        (made / name).parent.mkdir(parents=True)
        (made / name).write_text("old")
    return made


def change(root: Path) -> None:
    """Replace two files, make one, remove one."""
    with Batch(False, [str(root)]) as batch:
        for name in ("a/1", "b/1", "b/2"):
            with batch.place(str(root / name)) as temporary:
                Path(temporary).write_text("new")
        batch.remove(str(root / "c/note"))
        batch.commit()


OLD = {"a/1": "old", "b/1": "old", "c/note": "old"}
NEW = {"a/1": "new", "b/1": "new", "b/2": "new"}


def seen(root: Path) -> dict[str, str]:
    """Read the files as a repository does."""
    redirects = intents.redirects(str(root))
    places = {name: redirects.get(name, name) for name in ("a/1", "b/1", "b/2", "c/note")}
    return {
        name: (root / place).read_text()
        for name, place in places.items()
        if place is not None and (root / place).exists()
    }


def write_beside(root: Path) -> None:
    """Be the next writer in the same directories."""
    with Batch(False, [str(root)]) as batch:
        for name in ("a/x", "b/x", "c/x"):
            with batch.place(str(root / name)) as temporary:
                Path(temporary).touch()
        batch.commit()


def there(root: Path) -> dict[str, str]:
    """Read all files but those of the next writer, and the journal."""
    names = ("x", f"{temporaries.HOST}-{os.geteuid()}.jsonl")
    files = (path for path in root.rglob("*") if path.is_file() and path.name not in names)
    return {str(path.relative_to(root)): path.read_text() for path in files}


def killed(act: Callable[[], None], step: int, late: bool) -> bool:
    """Run in another process that dies at one of its changes of the disk; return whether it came to that."""
    child = os.fork()
    if not child:
        steps = itertools.count()

        def dying(function: Callable[..., None]) -> Callable[..., None]:
            def call(*args: object, **kwargs: object) -> None:
                dies = next(steps) == step
                if dies and not late:
                    os._exit(9)
                try:
                    function(*args, **kwargs)
                finally:
                    if dies:
                        os._exit(9)

            return call

        for name in STEPS:
            setattr(os, name, dying(getattr(os, name)))
        try:
            act()
        except RepositoryError:
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
    assert status in (0, 9)
    return status == 9


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
def test_after_a_kill_at_any_step_all_is_old_or_all_is_new(
    root: Path, tmp_path: Path, late: bool
) -> None:
    outcomes = set()
    for step in itertools.count():
        copy = tmp_path / f"copy{step}"
        os.system(f"cp -r {root} {copy}")
        if not killed(lambda copy=copy: change(copy), step, late):
            break
        found = seen(copy)
        is_new = found.get("b/2") == "new"
        outcomes.add(is_new)
        assert found == (NEW if is_new else OLD)
        write_beside(copy)
        assert there(copy) == (NEW if is_new else OLD)
    assert step > 8
    assert outcomes == {False, True}


def test_a_kill_while_it_is_undone_leaves_it_to_be_undone(root: Path, tmp_path: Path) -> None:
    def fail(copy: Path) -> None:
        unlink, calls = os.unlink, itertools.count()

        def refuse(path: str, *args: object) -> None:
            if str(path).endswith("c/note"):  # the last of the changes
                raise OSError(5, "Input/output error", path)
            unlink(path)
            next(calls)

        os.unlink = refuse  # type: ignore[assignment]
        change(copy)

    for step in itertools.count():
        copy = tmp_path / f"copy{step}"
        os.system(f"cp -r {root} {copy}")
        was_killed = killed(lambda copy=copy: fail(copy), step, False)
        assert seen(copy) in (OLD, NEW)
        write_beside(copy)
        assert there(copy) in (OLD, NEW)
        if not was_killed:
            break
    assert seen(copy) == OLD
    assert step > 12


def test_what_an_intent_speaks_of_is_not_swept_and_the_rest_is(root: Path) -> None:
    dead = f"{temporaries.HOST}-{2**22 + 1}"
    names = [f".put-{dead}-0000000{number}-1" for number in range(3)]
    for name in names:
        (root / "a" / name).touch()
    moves = [["a/1", f"a/{names[0]}", f"a/{names[1]}"]]
    content = {"writer": "", "back": False, "moves": moves}
    write(root, f"{dead}-ab.json", json.dumps(content))
    intents.sweep_once(str(root / "a"), (str(root),))
    assert sorted(path.name for path in (root / "a").iterdir()) == [*names[:2], "1"]
    intents.recover(str(root))
    assert sorted(path.name for path in (root / "a").iterdir()) == ["1"]


def write(root: Path, name: str, text: str) -> Path:
    path = root / intents.FOLDER / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    return path


MOVES = [["a/1", "a/.put-x", None]]


@pytest.mark.parametrize(
    ("name", "writer", "age", "is_abandoned"),
    [
        (f"{temporaries.HOST}-{{own}}-ab.json", "", 0, False),
        (f"{temporaries.HOST}-{{own}}-ab.json", "another boot 5", 0, True),
        (f"{temporaries.HOST}-{2**22 + 1}-ab.json", "", 0, True),
        ("other-host-1-ab.json", "", 0, False),
        ("other-host-1-ab.json", "", 90000, True),
        (f".part-{temporaries.HOST}-{{own}}-ab.json", "", 0, False),
    ],
)
def test_an_intent_is_abandoned_if_its_writer_is_dead(
    root: Path, name: str, writer: str, age: int, is_abandoned: bool
) -> None:
    path = write(
        root,
        name.format(own=os.getpid()),
        json.dumps({"writer": writer, "back": False, "moves": MOVES}),
    )
    os.utime(path, (path.stat().st_atime, path.stat().st_mtime - age))
    (root / "a/.put-x").write_text("new")
    assert (intents.redirects(str(root)) == {"a/1": "a/.put-x"}) == is_abandoned
    intents.recover(str(root))
    assert (root / "a/1").read_text() == ("new" if is_abandoned else "old")
    assert path.exists() != is_abandoned


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        '{"writer": "", "back": false}',
        '{"writer": "", "back": 1, "moves": []}',
        *(
            json.dumps({"writer": "", "back": False, "moves": [move]})
            for move in (
                ["../a/1", "../a/.put-x", None],
                ["/a/1", "/a/.put-x", None],
                ["a/1", "b/.put-x", None],
                ["a/1", "a/x", None],
                ["a/1", "a/.put-x"],
                ["a/1", "a/.put-x", "a/.part-y"],
                [None, None, None],
            )
        ),
    ],
)
def test_an_intent_that_names_other_files_or_none_is_refused_by_name(
    root: Path, content: str
) -> None:
    path = write(root, f"{temporaries.HOST}-{2**22 + 1}-ab.json", content)
    before = there(root)
    for act in (intents.recover, intents.redirects):
        with pytest.raises(
            RepositoryError, match=f"{path} is damaged: it does not state which files"
        ):
            act(str(root))
    assert there(root) == before


def test_an_empty_intent_says_nothing(root: Path) -> None:
    write(root, f"{temporaries.HOST}-{2**22 + 1}-ab.json", "")
    assert intents.redirects(str(root)) == {}
