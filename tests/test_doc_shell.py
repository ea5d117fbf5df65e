"""The page doc/shell.rst: its commands print what it shows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from persistence import Butler

from .pages import blocks, run

PAGE = "doc/shell.rst"


def test_the_commands_print_what_is_shown(
    filled: Path, make_calibs: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "me"
    (home / "decam").mkdir(parents=True)
    (home / "decam/night").symlink_to(filled)
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    make_calibs(Path("CALIB"), files=False)
    Path("repo").symlink_to(filled)
    monkeypatch.setenv("HOME", str(home))
    for name in (
        "PERSISTENCE_SHARED",
        "XDG_CONFIG_HOME",
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
        "COLUMNS",
    ):
        monkeypatch.delenv(name, raising=False)
    config = home / "config.yaml"
    printed, compared = "", 0
    for language, text in blocks(PAGE):
        shown = text.replace("/home/me", str(home))
        if language == "yaml":
            config.write_text(f"{shown}\n")
            monkeypatch.setenv("PERSISTENCE_CONFIG", str(config))
        elif language == "sh":
            # that /datasets is not there is told, and makes the status 1
            printed = run(shown.replace("persistence config", "persistence config || true"), Path())
        elif language == "python":
            names: dict[str, Butler] = {}
            exec(compile(text, PAGE, "exec"), names)
            assert names["butler"].chain.inputs[0].root == str(home / "decam/night")
        else:
            if shown.startswith("persistence:"):
                config.write_text(config.read_text().replace("format", "fromat"))
                printed = run("persistence config || true", Path())
            lines = printed.splitlines()
            assert [line for line in lines if "there is no /data" not in line] == shown.splitlines()
            compared += 1
    assert compared == 7
