"""Temporary files: named by their writers, and swept when those are dead."""

from __future__ import annotations

import os
import time
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from persistence.files import temporaries

HERE, DEAD = os.uname().nodename, 2**22 + 1  # beyond the largest process number of Linux


def test_only_what_dead_writers_left_is_swept(tmp_path: Path) -> None:
    spared = [
        f".part-{HERE}-{os.getpid()}-00000000-a",
        f".part-{HERE}-1-00000000-a",
        f".part-elsewhere-{DEAD}-00000000-a",
        f".part-{HERE}-notanumber-a",
        f".put-{HERE}-{DEAD}-00000000-a",
        f"part-{HERE}-{DEAD}-00000000-a",
        "thing.fits",
    ]
    swept = [f".part-{HERE}-{DEAD}-00000000-a", f".part-{HERE}-{DEAD}-00000000-link"]
    for name in [*spared, swept[0]]:
        (tmp_path / name).touch()
    (tmp_path / swept[1]).symlink_to("nowhere")
    assert sorted(map(os.path.basename, temporaries.abandoned(str(tmp_path)))) == sorted(swept)
    temporaries.sweep(str(tmp_path))
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(spared)


@pytest.mark.parametrize("host", ["elsewhere", "node-7", f"{HERE}-2"])
def test_of_another_host_it_is_swept_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, host: str
) -> None:
    path = tmp_path / f".part-{host}-1-00000000-a"
    path.touch()
    os.utime(path, (0, 0))  # as a copy has, which is being made
    now = time.time()
    for hours, left in ((23, True), (25, False)):
        monkeypatch.setattr(time, "time", lambda hours=hours: now + hours * 3600)
        temporaries.sweep(str(tmp_path))
        assert path.exists() == left


def test_what_cannot_be_swept_stops_nobody(tmp_path: Path) -> None:
    (tmp_path / f".part-{HERE}-{DEAD}-00000000-a").mkdir()  # which cannot be unlinked
    temporaries.sweep(str(tmp_path))
    temporaries.sweep(str(tmp_path / "nothing"))
    (tmp_path / "file").touch()
    temporaries.sweep(str(tmp_path / "file"))


@example("\u00e9" * 200)
@example("\u00e9" * 200 + "a")
@example("\U0001f642" * 80 + "ab")
@example("\U0001f642" * 80 + "abc")
@given(st.text(st.characters(blacklist_characters="/\0", codec="utf-8"), min_size=1, max_size=300))
def test_a_temporary_name_fits_and_ends_as_its_target_does(name: str) -> None:
    directory, temporary = os.path.split(temporaries.beside(f"d/{name}"))
    start = temporaries.begin()
    assert directory == "d"
    assert len(os.fsencode(temporary)) <= 255
    assert temporary.startswith(f".part-{HERE}-{os.getpid()}-")
    assert temporary.encode().decode() == temporary
    end = temporary[len(start) :]
    assert name.endswith(end)
    assert end == name or len(os.fsencode(temporary)) > 255 - 4  # no more is cut than needed
