"""Links, and files registered outside the tree, that lead to nothing, or to an absolute path."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from persistence.errors import RegistryError
from persistence.files import links
from persistence.keep.finding import Finding
from persistence.keep.fixes import LeadTo, MoveAway
from persistence.keep.patient import Patient
from persistence.registry import direct
from persistence.registry.direct import DirectFiles

_RELINK = "if it was moved: --relink OLD=NEW"


def check(patient: Patient) -> Iterator[Finding]:
    """Yield the findings."""
    for relative, text in patient.survey.links.items():
        path = patient.survey.path(relative)
        target = os.path.normpath(os.path.join(os.path.dirname(path), text))
        if not os.path.exists(path):
            yield _broken(patient, path, target)
        elif os.path.isabs(text) and patient.is_inside(path):
            yield Finding(
                "absolute-link", path, f"is an absolute link into its own tree: {text}",
                LeadTo(path, os.path.realpath(path)),
            )  # fmt: skip
    for tree in patient.survey.trees:
        yield from _direct(tree)


def _broken(patient: Patient, path: str, target: str) -> Finding:
    try:
        os.stat(path)
    except OSError as error:
        if error.errno == errno.ELOOP:
            return Finding("link-loop", path, f"is a link that leads to itself: {target}",
                           MoveAway(path))  # fmt: skip
    what = f"is a link to {target}, which {links.problem(target) or 'leads on to nothing'}"
    found = patient.moved.find(target, patient.root)
    if found is not None:
        return Finding("dangling-link", path, what, LeadTo(path, found))
    if os.path.isdir(os.path.dirname(target)):
        return Finding("dangling-link", path, what, MoveAway(path), _RELINK)
    # The disk may be away for a while.
    what = f"{what}, nor is its directory"
    return Finding("dangling-link", path, what, None, f"mount that disk; or {_RELINK}")


def _direct(tree: str) -> Iterator[Finding]:
    """Yield the registered files that are gone."""
    files, left = DirectFiles(tree), [""] if os.path.isfile(os.path.join(tree, direct.FILE)) else []
    while left:
        folder = left.pop()
        try:
            names = files.names(folder)
            left += [f"{folder}/{name}" if folder else name for name in files.folders(folder)]
        except RegistryError as error:
            yield Finding("registry-unreadable", os.path.join(tree, direct.FILE), str(error))
            return
        for name, file in names.items():
            path = os.path.join(tree, folder, name)
            problem = direct.fault(path, file)
            if problem:
                yield Finding(
                    "direct-gone", path, problem, None,
                    "ingest it again with --mode direct from where it is",
                )  # fmt: skip
