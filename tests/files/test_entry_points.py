"""What packages announce: the same as Python itself knows, and nothing is imported for it."""

from __future__ import annotations

import importlib.metadata
import os.path
import sys

import pytest

from persistence.files import entry_points

ONE = "[toys]\nbear = toyshop:Bear\n"


@pytest.mark.parametrize("group", ["persistence.cameras", "console_scripts", "pytest11", "toys"])
def test_what_is_announced_is_what_python_itself_knows(group):
    known = {entry.name: entry.value for entry in importlib.metadata.entry_points(group=group)}
    assert entry_points.announced(group) == known
    assert bool(known) == (group != "toys")


@pytest.mark.parametrize(
    "text",
    [
        ONE,
        "[console_scripts]\nbear = other:main\n\n[toys]\nbear=toyshop:Bear\n",
        "[toys]\nbear = toyshop:Bear\n[other]\nbear = other:Thing\n",
        "[toys]\n\n# a comment\nbear   =   toyshop:Bear   \n",
        "[toys]\nbear = toyshop:Bear [fur]\n",
    ],
)
@pytest.mark.parametrize("folder", ["toy-1.0.dist-info", "toy.egg-info"])
def test_each_form_of_the_file_is_read(site, text, folder):
    site(text, folder)
    assert entry_points.announced("toys") == {"bear": "toyshop:Bear"}


def test_what_is_announced_is_not_imported(site):
    site(ONE, toyshop="Bear = 1")
    entry_points.announced("toys")
    assert "toyshop" not in sys.modules


def test_what_comes_first_on_the_path_counts(site, tmp_path, monkeypatch):
    site(ONE)
    later = tmp_path / "later" / "other-1.0.dist-info"
    later.mkdir(parents=True)
    (later / "entry_points.txt").write_text("[toys]\nbear = other:Bear\ncar = other:Car\n")
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "later")])
    assert entry_points.announced("toys") == {"bear": "toyshop:Bear", "car": "other:Car"}


def test_two_packages_that_announce_one_name_are_told_unless_they_mean_one_object(
    site, tmp_path, monkeypatch
):
    site(ONE, toyshop="class Bear: pass", again="from toyshop import Bear")
    later = tmp_path / "later" / "other-1.0.dist-info"
    later.mkdir(parents=True)
    monkeypatch.setattr(sys, "path", [*sys.path, str(tmp_path / "later")])
    for target, packages in (
        ("toyshop:Bear", []),
        ("again:Bear", []),
        ("os:path", [f"toyshop:Bear ({tmp_path}/site/toy-1.0.dist-info)", f"os:path ({later})"]),
    ):
        (later / "entry_points.txt").write_text(f"[toys]\nbear = {target}\n")
        entry_points._targets.cache_clear()
        entry_points.announced.cache_clear()
        assert entry_points.announced("toys") == {"bear": "toyshop:Bear"}
        assert entry_points.rivals("toys", "bear") == packages


@pytest.mark.parametrize("entry", ["", ".", "{here}", "{here}/../{name}"])
def test_the_current_directory_announces_nothing(site, tmp_path, monkeypatch, entry):
    site(ONE)
    monkeypatch.chdir(tmp_path / "site")
    monkeypatch.setattr(sys, "path", [entry.format(here=tmp_path / "site", name="site")])
    assert entry_points.announced("toys") == {}


@pytest.mark.parametrize("name", ["_mapper", "repositoryCfg.yaml", "registry.sqlite3"])
@pytest.mark.parametrize("below", ["", "rerun/lib"])
def test_a_repository_announces_nothing(tmp_path, monkeypatch, name, below):
    (tmp_path / "repo" / below / "toy.egg-info").mkdir(parents=True)
    (tmp_path / "repo" / below / "toy.egg-info" / "entry_points.txt").write_text(ONE)
    monkeypatch.setattr(sys, "path", [str(tmp_path / "repo" / below)])
    entry_points._targets.cache_clear()
    entry_points.announced.cache_clear()
    assert "bear" in entry_points.announced("toys")
    (tmp_path / "repo" / name).touch()
    entry_points._targets.cache_clear()
    entry_points.announced.cache_clear()
    assert entry_points.announced("toys") == {}
    monkeypatch.undo()
    entry_points._targets.cache_clear()
    entry_points.announced.cache_clear()


def test_directories_that_are_gone_are_passed_over(site, monkeypatch, tmp_path):
    monkeypatch.syspath_prepend(str(tmp_path / "gone"))
    (tmp_path / "site" / "half-1.0.dist-info").mkdir()
    site(ONE)
    assert "bear" in entry_points.announced("toys")


@pytest.mark.parametrize(
    ("target", "found"),
    [
        ("os.path", os.path),
        ("os.path:join", os.path.join),
        ("os:path.join", os.path.join),
    ],
)
def test_a_module_or_an_object_in_it_is_imported(target, found):
    assert entry_points.load(target) is found
