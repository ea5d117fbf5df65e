"""Functions of ``lsst.utils.tests`` used by tests of Gen2, where that is not installed."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unittest
from collections.abc import Iterator


def init() -> None:
    """Do nothing: there are no C++ objects whose memory is checked."""


class TestCase(unittest.TestCase):
    """A test case."""


class MemoryTestCase(unittest.TestCase):
    """A test case that, in Gen2, counted C++ objects and files left behind by others."""


@contextlib.contextmanager
def temporaryDirectory() -> Iterator[str]:
    """Yield a directory that is removed after the block."""
    with tempfile.TemporaryDirectory() as path:
        yield path


@contextlib.contextmanager
def getTempFilePath(ext: str, expectOutput: bool = True) -> Iterator[str]:
    """Yield the path of a file that the block writes, and remove the file afterwards.

    Raises
    ------
    RuntimeError
        If the block wrote it but should not, or did not write it but should.
    """
    with tempfile.TemporaryDirectory() as folder:
        path = os.path.join(folder, f"test{ext}")
        yield path
        if os.path.exists(path) is not expectOutput:
            state = "is not" if expectOutput else "is"
            raise RuntimeError(f"the file {path} {state} there after the test")
