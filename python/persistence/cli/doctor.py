"""``persistence doctor``: find what is wrong with a repository, and mend what can be mended."""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from typing import TYPE_CHECKING

from persistence.cli import cameras, messages, output, progress, usage
from persistence.cli.usage import PATH, WrongUse

if TYPE_CHECKING:
    from persistence.keep.diagnosis import Diagnosis
    from persistence.keep.finding import Finding

# A repository that cannot be opened needs a doctor most.
REPOSITORY = PATH
WRITES = True
# Findings of a kind that are shown without --all.
_SHOWN = 5
EXAMPLES = {
    "repo": "print what is wrong, and change nothing",
    "repo --fix --relink /old/disk/raw=/new/disk/raw": (
        "mend it, and find raws that were moved to another disk"
    ),
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``--fix``, ``--relink`` and what limits the findings."""
    parser.description = (
        "Find what is wrong with a repository, its reruns and calibration roots: dangling links, "
        "empty or truncated files, wrong paths, rows without files, gaps between calibrations, ... "
        "Without --fix, nothing is changed. The exit status is 1 if there is a fault."
    )
    parser.add_argument(
        "--fix", action="store_true",
        help="mend what can be mended; the old state is kept in .persistence/trash, and "
        "'persistence trash REPO --undo SESSION' restores it",
    )  # fmt: skip
    parser.add_argument(
        "--relink", action="append", default=[], metavar="OLD=NEW",
        help="files of the directory OLD, to which links lead, are in NEW now; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--only", action="append", default=[], metavar="KIND,KIND",
        help="only these kinds of findings, by the names that are printed: "
        "dangling-link,empty-file; may be repeated",
    )  # fmt: skip
    parser.add_argument(
        "--all", action="store_true", help=f"show all findings, not only {_SHOWN} of a kind"
    )


def run(root: str, arguments: argparse.Namespace) -> int:
    """Print the findings: what, why it matters, what mends it.

    Returns
    -------
    status : `int`
        1 if there is, or remains, a fault; 0 if all is well, or there are risks only.
    """
    from persistence.keep.diagnosis import diagnose  # lazy: TAB does without

    with progress.directories("Examining") as report:
        diagnosis = diagnose(
            root,
            fix=arguments.fix and not arguments.dry_run,
            relink=dict(map(_pair, arguments.relink)),
            only=usage.words(arguments.only),
            progress=report,
            **cameras.given(arguments),
        )
    if arguments.format == "table":
        output.lines(_screen(root, diagnosis, arguments))
    else:
        rows = [{"state": "fixed", **finding.row()} for finding in diagnosis.fixed]
        rows += [{"state": "found", **finding.row()} for finding in diagnosis.findings]
        output.write(rows, arguments.format)
    for finding, reason in diagnosis.failed:
        messages.problem(f"{finding.path}: not mended: {reason}")
    return 0 if diagnosis.is_healthy else 1


def _pair(text: str) -> tuple[str, str]:
    old, equals, new = text.partition("=")
    if not (old and equals and new):
        raise WrongUse(f"--relink {text}: write OLD=NEW, two directories")
    if not old.startswith("/"):
        raise WrongUse(f"--relink {text}: OLD is what links name, an absolute path")
    return old, new


def _screen(root: str, diagnosis: Diagnosis, arguments: argparse.Namespace) -> Iterator[str]:
    if diagnosis.fixed:
        yield f"mended: {output.count(len(diagnosis.fixed), 'finding')}"
        yield from _listed(diagnosis.fixed, arguments.all, is_done=True)
    findings = diagnosis.findings
    faults = sum(finding.is_fault for finding in findings)
    if not findings:
        yield "nothing is wrong" if not diagnosis.fixed else "nothing else is wrong"
    else:
        left = "left: " if diagnosis.fixed else ""
        risks = output.count(len(findings) - faults, "risk")
        yield f"{left}{output.count(faults, 'fault')}, {risks}"
        yield from _listed(findings, arguments.all, is_done=False)
        fixable = sum(finding.fix is not None for finding in findings)
        if fixable and not (arguments.fix and not arguments.dry_run):
            yield f"--fix would mend {fixable} of {len(findings)}"
    if diagnosis.trash:
        yield f"the old state: persistence trash {root} --undo {diagnosis.trash}"


def _listed(findings: list[Finding], is_all: bool, is_done: bool) -> Iterator[str]:
    by_kind: dict[str, list[Finding]] = {}
    for finding in findings:
        by_kind.setdefault(finding.kind, []).append(finding)
    for kind, some in by_kind.items():
        yield ""
        word = "" if some[0].is_fault else ", a risk"
        yield f"{kind} ({len(some)}{word}): {some[0].why}"
        for finding in some if is_all else some[:_SHOWN]:
            yield f"  {finding.path} {finding.what}"
            if finding.fix is not None:
                yield f"    {'done' if is_done else '--fix'}: {finding.fix}"
            elif finding.advice:
                yield f"    {finding.advice}"
        if not is_all and len(some) > _SHOWN:
            yield f"  ... {len(some) - _SHOWN} more; --all shows them"
    yield ""
