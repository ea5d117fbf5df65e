"""A folder of datasets, whose files are read and written as bytes too."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from persistence.testing import DatasetFolder


@pytest.fixture
def disk_of(tmp_path: Path) -> Callable[..., DatasetFolder]:
    """Return a function that makes a folder of datasets of a storage."""

    def make(storage: str, python: str | None = None, ending: str = "") -> DatasetFolder:
        return DatasetFolder(tmp_path, storage, python, ending)

    return make
