"""What tests of Gen2 call of ``lsst.utils.tests``, where that is not installed."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unittest
from collections.abc import Iterator


def init() -> None:
    """Do nothing: there is no memory of C++ objects to be watched."""


class TestCase(unittest.TestCase):
    """A test case."""


class MemoryTestCase(unittest.TestCase):
    """A test case that counted the C++ objects, and the files, that the others left behind."""


@contextlib.contextmanager
def temporaryDirectory() -> Iterator[str]:
    """Give a directory for the time of a block."""
    with tempfile.TemporaryDirectory() as path:
        yield path


@contextlib.contextmanager
def getTempFilePath(ext: str, expectOutput: bool = True) -> Iterator[str]:
    """Give the path of a file that a block writes, and remove the file after it.

    Raises
    ------
    RuntimeError
        If the block wrote it although it should not, or the other way round.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"test{ext}")
        yield path
        if os.path.exists(path) is not expectOutput:
            state = "is not" if expectOutput else "is"
            raise RuntimeError(f"the file {path} {state} there after the test")
