"""The names in a directory that mark it as a repository."""

from __future__ import annotations

import os

CONFIGURATION = "repositoryCfg.yaml"
OLD = ("_mapper", "_parent", "registry.sqlite3")
# Directories that are not repositories for Gen2, such as calibration roots, may have it, too.
SETTINGS = ".persistence/settings.yaml"
MANIFEST = ".persistence/manifest/manifest.jsonl"
NAMES = (CONFIGURATION, *OLD)
# The directory in a repository in which Gen2's users keep calibrations.
CALIB = "CALIB"


def is_repository(directory: str) -> bool:
    """Return whether a directory has one of the files, or links, of a repository."""
    # Called for each directory that is written to: `os.path.lexists` takes twice as long.
    return any(
        os.access(os.path.join(directory, name), os.F_OK, follow_symlinks=False)
        for name in (*NAMES, SETTINGS)
    )


def nearest(directory: str) -> str | None:
    """Return the repository that a directory is, or is inside of; None if there is none."""
    while not is_repository(directory):
        directory, below = os.path.dirname(directory), directory
        if directory == below:
            return None
    return directory
