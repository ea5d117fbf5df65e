"""Many processes that write and ask at once."""

from __future__ import annotations

import os
import random
import shutil
import traceback
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from persistence import Butler
from persistence.butler.index import trees
from persistence.butler.index.tree import Tree
from persistence.dataids.template import PathTemplate

TYPE = "processCcd_metadata"
Rows = Callable[..., list[tuple[Any, ...]]]


def _write(root: Path, number: int, steps: int) -> None:
    """Write, copy, rename and remove datasets of a few visits, in an order that chance decides."""
    chance, butler = random.Random(number), Butler(root)
    template = butler.chain.inputs[0].mapper.types[TYPE].template
    assert template is not None
    own: list[Path] = []
    for step in range(steps):
        visit, ccdnum = chance.randrange(1, 6), number * 4 + step % 4 + 1
        path = root / template.format({"visit": visit, "ccdnum": ccdnum})
        act = chance.choice(("put", "put", "copy", "rename", "remove"))
        if act == "put":
            butler.put({}, TYPE, visit=visit, ccdnum=ccdnum)
            own.append(path)
        elif own:
            other = own.pop(chance.randrange(len(own)))
            path.parent.mkdir(parents=True, exist_ok=True)
            if other == path:
                own.append(path)
            elif other.exists() and act != "remove":
                (shutil.copy if act == "copy" else shutil.move)(other, path)
                own.append(path)
            elif other.exists():
                other.unlink()


def _ask(root: Path, number: int, steps: int, rows: Rows) -> None:
    """Query one visit after the other, or all, and remove the index once."""
    butler = Butler(root)
    dataset = butler.chain.inputs[0].mapper.types[TYPE]
    tree = trees.of(butler.chain.inputs[0], dataset)
    for step in range(steps):
        rows(tree, dataset.template, **({"visit": step % 5 + 1} if step % 3 else {}))
        if number == 0 and step == steps // 2:
            Path(tree.file).unlink(missing_ok=True)


def _crowd(acts: list[Callable[[], None]]) -> list[int]:
    """Start a process for each, and return what each ended with."""
    children = []
    for act in acts:
        child = os.fork()
        if not child:
            status = 1
            try:
                act()
                status = 0
            except BaseException:
                traceback.print_exc()
            finally:
                os._exit(status)
        children.append(child)
    return [os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) for child in children]


@pytest.mark.parametrize("steps", [12, pytest.param(200, marks=pytest.mark.slow)])
def test_sixteen_writers_and_readers_at_once_agree_with_the_disk_at_the_end(
    root: Path, rows: Rows, on_disk: Rows, steps: int
) -> None:
    writers = [lambda n=n: _write(root, n, steps) for n in range(8)]
    readers = [lambda n=n: _ask(root, n, steps, rows) for n in range(8)]
    assert _crowd([act for pair in zip(writers, readers, strict=True) for act in pair]) == [0] * 16
    butler = Butler(root)
    dataset = butler.chain.inputs[0].mapper.types[TYPE]
    template = dataset.template
    assert isinstance(template, PathTemplate)
    expected = on_disk(root, template)
    assert expected
    tree = trees.of(butler.chain.inputs[0], dataset)
    assert rows(tree, template) == expected
    assert rows(Tree(str(root), {template.text: ("",)}), template) == expected
    tree.build()
    assert tree.count(template) == len(expected)
    assert tree.file


@pytest.mark.slow
def test_a_million_files_in_one_directory_are_listed(
    tmp_path: Path, rows: Rows, on_disk: Rows
) -> None:
    template = PathTemplate("all/%(visit)07d_%(ccdnum)02d.fits")
    folder = tmp_path / "tree/all"
    folder.mkdir(parents=True)
    for number in range(1_000_000):
        os.close(os.open(f"{folder}/{number // 100:07d}_{number % 100:02d}.fits", os.O_CREAT))
    tree = Tree(str(tmp_path / "tree"), {template.text: ("", ".gz", ".fz")})
    assert len(rows(tree, template)) == 1_000_000
    (folder / "0000007_07.fits").unlink()
    assert rows(tree, template, visit=7) == [(7, n) for n in range(100) if n != 7]
    assert tree.count(template) == 999_999
