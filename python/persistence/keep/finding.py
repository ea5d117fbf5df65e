"""Findings of ``persistence doctor``: what is wrong, why it matters, and what mends it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import NamedTuple

from persistence.keep.fixes import Fix


class Kind(NamedTuple):
    """A kind of finding.

    Attributes
    ----------
    is_fault : `bool`
        Whether something does not work now; otherwise it is a risk, which may hurt later.
    why : `str`
        Why it matters.
    """

    is_fault: bool
    why: str


# All kinds, in the order in which they are listed and mended: what opens a repository comes first.
KINDS: Mapping[str, Kind] = {
    "configuration-unreadable": Kind(True, "nothing opens the repository"),
    "parent-gone": Kind(True, "the inputs, the registry and the calibrations are not found"),
    "parent-loop": Kind(True, "a repository cannot be its own parent, and cannot be opened"),
    "calibrations-gone": Kind(True, "no calibration is found, or another tree's"),
    "absolute-path": Kind(False, "when the tree is moved, the path leads to the old place"),
    "cannot-open": Kind(True, "no dataset of the repository can be read"),
    "link-loop": Kind(True, "the link leads to itself, and nothing can be read through it"),
    "dangling-link": Kind(True, "a dataset seems to be there and cannot be read"),
    "absolute-link": Kind(False, "when the tree is moved, the link leads to the old place"),
    "direct-gone": Kind(True, "a registered file outside the tree cannot be read"),
    "unfinished-write": Kind(True, "a killed writer changed some of several files, and not all"),
    "leftover": Kind(False, "a dead writer's temporary file takes space and is never used"),
    "empty-file": Kind(True, "the dataset exists for --skip-existing, and cannot be read"),
    "truncated-file": Kind(True, "the dataset exists for --skip-existing, and cannot be read"),
    "registry-unreadable": Kind(True, "data IDs cannot be completed"),
    "registry-wal": Kind(True, "SQLite's write-ahead log on a network disk loses rows"),
    "row-without-file": Kind(True, "the data ID is found in the registry, and get fails"),
    "file-without-row": Kind(True, "queries of the registry do not find the file"),
    "calibration-without-file": Kind(True, "the calibration is chosen, and get fails"),
    "window-broken": Kind(True, "the calibration is never chosen: its validity was not worked out"),
    "window-overlap": Kind(True, "two calibrations are valid on a day: neither can be chosen"),
    "window-hole": Kind(False, "exposures of these days have no calibration"),
    "composite-half": Kind(True, "the composite has some of its parts, and cannot be read"),
    "template-collision": Kind(True, "two dataset types write the same file, in different formats"),
    "stale-index": Kind(False, "readers that start from the stored index list more directories"),
    "permission": Kind(True, "the owner, or the group of a shared repository, cannot use it"),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Finding:
    """A fault in a tree.

    Attributes
    ----------
    kind : `str`
        One of `KINDS`.
    path : `str`
        The file or directory, absolute.
    what : `str`
        What is wrong with it.
    fix : `Fix` or None
        What ``--fix`` does; None if only a person can decide.
    advice : `str`
        What else helps.
    """

    kind: str
    path: str
    what: str
    fix: Fix | None = None
    advice: str = ""

    @property
    def is_fault(self) -> bool:
        """Whether something does not work now."""
        return KINDS[self.kind].is_fault

    @property
    def why(self) -> str:
        """Why it matters."""
        return KINDS[self.kind].why

    def row(self) -> dict[str, object]:
        """Return the finding as plain data."""
        return {
            "kind": self.kind,
            "fault": self.is_fault,
            "path": self.path,
            "what": self.what,
            "why": self.why,
            "fix": None if self.fix is None else str(self.fix),
            "advice": self.advice or None,
        }
