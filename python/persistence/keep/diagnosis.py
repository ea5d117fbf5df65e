"""``persistence.keep.doctor``: examine a tree, and mend what can be mended."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from persistence.errors import PersistenceError, RepositoryError, UsageError, did_you_mean
from persistence.files import links
from persistence.keep.checks import datasets, files, parents, permissions, registries, windows
from persistence.keep.checks import links as link_checks
from persistence.keep.finding import KINDS, Finding
from persistence.keep.moved import Moved
from persistence.keep.patient import Patient
from persistence.keep.survey import refuse_archive, survey
from persistence.keep.trash import Trash

Progress = Callable[[int, int, int], None]
# All checks. Links come first: where one leads now shows where parents are.
_CHECKS: Sequence[Callable[[Patient], Iterator[Finding]]] = (
    link_checks.check,
    parents.check,
    files.check,
    permissions.check,
    registries.check,
    windows.check,
    datasets.check,
)
# What keeps a repository from being opened, and is told instead.
_CLOSE = ("configuration-unreadable", "parent-gone", "parent-loop", "dangling-link")
_ORDER = {kind: number for number, kind in enumerate(KINDS)}
# Mending a parent makes datasets visible, whose faults are seen only then.
_ROUNDS = 3


@dataclass
class Diagnosis:
    """The findings of `diagnose`, and the changes that it made.

    Attributes
    ----------
    findings : `list` [`Finding`]
        What is wrong now, in the order of `KINDS`.
    fixed : `list` [`Finding`]
        What was wrong and is mended.
    failed : `list` [`tuple`]
        Findings whose fix failed, with the reason.
    trash : `str`
        The session in the trash with the old state; empty if nothing was changed.
    """

    findings: list[Finding]
    fixed: list[Finding] = field(default_factory=list)
    failed: list[tuple[Finding, str]] = field(default_factory=list)
    trash: str = ""

    @property
    def is_healthy(self) -> bool:
        """Whether there is no fault; there may be risks."""
        return not any(finding.is_fault for finding in self.findings)


def diagnose(
    root: str | os.PathLike[str],
    fix: bool = False,
    relink: Mapping[str, str] = {},
    only: Collection[str] = (),
    progress: Progress | None = None,
    **arguments: Any,
) -> Diagnosis:
    """Inspect a tree: a repository, with the reruns and calibrations in it.

    Parameters
    ----------
    root : path
        The repository. Its parents outside of it are not examined.
    fix : `bool`, optional
        Whether to mend what can be mended. The old state is moved into ``.persistence/trash``.
    relink : mapping [`str`, `str`], optional
        Old directory -> new directory, of what was moved.
    only : collection of `str`, optional
        Kinds of findings; all others are left out.
    progress : callable, optional
        Called with the numbers of finished and of known directories, and of files.
    **arguments
        Further arguments of `Butler`, such as ``mapper``, for repositories that name no camera.

    Returns
    -------
    diagnosis : `Diagnosis`
        The findings.

    Raises
    ------
    RepositoryError
        If there is no such directory.
    UsageError
        If a kind is unknown.
    """
    root = os.path.abspath(root)
    refuse_archive(root)
    if not os.path.isdir(root):
        raise RepositoryError(links.fault(root) or f"there is no directory {root}")
    for kind in only:
        if kind not in KINDS:
            raise UsageError(
                f"there is no kind of finding {kind!r}{did_you_mean(kind, KINDS)} (known: "
                f"{', '.join(KINDS)})"
            )
    moved = Moved(relink)

    def examined() -> list[Finding]:
        patient = Patient(survey(root, progress), moved, arguments)
        every = [finding for check in _CHECKS for finding in check(patient)]
        patient.close()
        explained = {os.path.dirname(each.path) for each in every if each.kind in _CLOSE}
        chosen = [
            finding
            for finding in dict.fromkeys(every)
            if (not only or finding.kind in only)
            and not (finding.kind == "cannot-open" and finding.path in explained)
        ]
        return sorted(chosen, key=lambda finding: (_ORDER[finding.kind], finding.path))

    diagnosis = Diagnosis(examined())
    trash = Trash(os.path.realpath(root), "doctor --fix")
    for _round in range(_ROUNDS if fix else 0):
        tried = {finding for finding, _reason in diagnosis.failed}
        todo = [each for each in diagnosis.findings if each.fix is not None and each not in tried]
        if not todo:
            break
        _mend(todo, trash, diagnosis)
        diagnosis.findings = examined()
    diagnosis.trash = trash.name if trash.is_used else ""
    return diagnosis


def _mend(findings: Sequence[Finding], trash: Trash, diagnosis: Diagnosis) -> None:
    done = set[object]()
    for finding in findings:
        if finding.fix not in done:  # one fix may mend several findings
            assert finding.fix is not None
            try:
                finding.fix.apply(trash)
            except (OSError, PersistenceError) as error:
                diagnosis.failed.append((finding, str(error)))
                continue
            done.add(finding.fix)
        diagnosis.fixed.append(finding)
