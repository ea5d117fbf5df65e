"""Permissions that will hurt: what the owner, or the group of a shared repository, cannot use."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator

from persistence.errors import RepositoryError
from persistence.files import marks, settings
from persistence.keep.finding import Finding
from persistence.keep.fixes import Permit
from persistence.keep.patient import Patient
from persistence.keep.survey import File

# What is needed of a file and of a directory: by the owner, and by a group that shares them.
_OWNER = {False: stat.S_IRUSR, True: stat.S_IRUSR | stat.S_IXUSR}
_GROUP = {False: stat.S_IRGRP | stat.S_IWGRP, True: stat.S_IRWXG | stat.S_ISGID}


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    shared = {tree for tree in patient.survey.trees if _is_shared(tree)}
    for file, is_directory in (
        *((directory, True) for directory in patient.survey.directories),
        *((file, False) for file in patient.survey.files),
    ):
        path = patient.survey.path(file.path) if file.path else patient.root
        nearest = marks.nearest(path if is_directory else os.path.dirname(path)) if shared else None
        needed = _OWNER[is_directory] | (_GROUP[is_directory] if nearest in shared else 0)
        if file.mode & needed != needed:
            yield _finding(path, file, needed, nearest in shared)
        elif not os.access(path, os.R_OK):
            yield Finding("permission", path, f"cannot be read: its mode is {file.mode:04o}, and "
                          "it is another user's", None, "ask its owner")  # fmt: skip


def _finding(path: str, file: File, needed: int, is_shared: bool) -> Finding:
    who = "its group, with which the repository is shared" if is_shared else "its owner"
    is_ours = os.geteuid() in (0, file.uid)
    fix = Permit(path, file.mode | needed) if is_ours else None
    advice = "" if is_ours else "ask its owner"
    return Finding(
        "permission", path, f"has mode {file.mode:04o}: {who} cannot use it", fix, advice
    )


def _is_shared(tree: str) -> bool:
    try:
        return settings.read(tree).shared == "group"
    except RepositoryError:
        return False
