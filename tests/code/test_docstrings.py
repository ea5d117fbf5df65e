"""Docstrings: their first words, numpydoc's sections on the public face, and their examples."""

from __future__ import annotations

import ast
import doctest
import importlib
import inspect
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest

TOP = Path(__file__).resolve().parents[2]
PACKAGE = TOP / "python" / "persistence"

# The verbs with which docstrings of functions begin, as Python's readers expect them. A new verb
# is welcome if it is plain and says more than `Return`, `Read`, `Write`, `Check` do.
VERBS = set(
    "Accept Add Allow Append Apply Archive Assemble Assert Assign Associate Average Balance Begin "
    "Bin Build Cache Calibrate Call Change Characterize Check Choose Classify Clear Clip Close "
    "Collect Combine Commit Compare Compile Complete Compress Compute Connect Consume Continue Convert "
    "Convolve Copy Correct Count Create Crop Cut Decide Decode Decompress Define Delete Deliver "
    "Derive Describe Detect Determine Disable Divide Do Draw Drop Enable Encode Ensure Enter "
    "Escape Estimate Evaluate Exchange Execute Exit Expand Explain Export Extend Extract "
    "Extrapolate Fill Filter Find Finish Fit Flag Flatten Flush Fold Follow Forget Format Free "
    "Generate Get Group Handle Hash Hide Hold Ignore Import Include Increment Ingest Initialize "
    "Insert Inspect Install Interpolate Intersect Invert Invoke Issue Iterate Join Keep Kill "
    "Label Leave Limit Link List Load Locate Lock Log Look Lower Map Mark Mask Match Measure Mend "
    "Merge Mirror Move Multiply Name Normalize Note Notify Obtain Offer Open Order Pack Pad Pair "
    "Parse Pass Pause Peek Permute Pick Pickle Plot Predict Prefix Prepare Preserve Print Process Project "
    "Propagate Prune Push Put Query Quit Quote Raise Re-raise Read Rebuild Recompute Record "
    "Recover Recurse Redirect Reduce Refer Refuse Register Reject Release Remember Remove Rename "
    "Reorder Repair Repeat Replace Report Reproject Request Require Resample Reserve Reset "
    "Resolve Restore Retry Return Reuse Reverse Roll Rotate Round Run Sample Save Scale Schedule "
    "Search Select Send Separate Serialize Serve Set Share Shift Shorten Show Sign Simplify "
    "Simulate Skip Sleep Smooth Solve Sort Spell Split Stack Start Stop Store Submit Substitute "
    "Subtract Sum Summarize Swap Sweep Switch Tabulate Tag Take Terminate Test Thin Time Tokenize "
    "Touch Trace Train Transform Translate Treat Trim Try Turn Undo Union Unite Unlock Unpack "
    "Unpickle Unset Update Upgrade Upload Use Validate Verify Visit Wait Walk Warn Watch Weight "
    "Whiten Widen Wrap Write Yield Zoom".split()
)
# Words that begin a riddle, whatever the docstring is of.
RIDDLES = set("Give Gives Let Lets Make Makes Say Says Something Tell Tells What Who".split())

# Public classes and modules that users reach beside `persistence.NAMES`, because pages of doc/
# name them: module -> its public classes and functions. `*` is all that the module defines.
FACE = {
    "refcats.catalog": "ReferenceCatalog",
    "types.exposure.camera": "Camera",
    "types.exposure.detector": "Amplifier Detector",
    "types.exposure.photocalib": "PhotoCalib",
    "types.exposure.visitinfo": "VisitInfo",
    "types.psf.psf": "GaussianPsf",
    "types.table.catalog": "Catalog",
}

# numpydoc's codes that are held to; the others are taste (GL01, ES01), or told by ruff.
CODES = set(
    "GL03 GL05 GL06 GL07 GL08 SS01 SS02 SS03 SS04 SS06 PR01 PR02 PR03 PR04 PR05 PR07 PR09 PR10 "
    "RT01 RT03 RT05 YD01".split()
)
# Classes whose methods are excused: their names say all that there is to say.
NAMES_OF_AFW = {"ExposureNames": "afw's getters and setters of the parts of an exposure"}
_RETURNS = {"RT01", "YD01"}
# Object (or class, for all of its methods) -> why it is excused, and from which codes.
EXCUSED: dict[str, tuple[str, str]] = {
    "persistence.errors.FileConflict": ("its parameters are those of IngestError", "PR01"),
    **{
        f"persistence.compat.{name}": ("numpydoc takes an argument named cls for the class", "PR02")
        for name in ("deprecation.deprecate_class", "repos.AccessCfg", "repos.ButlerCfg")
    },
}


def _package(path: Path) -> str:
    relative = path.relative_to(TOP / "python" / "persistence" if PACKAGE in path.parents else TOP)
    return relative.parts[0].removesuffix(".py")


def _modules() -> Iterator[Path]:
    yield from PACKAGE.rglob("*.py")
    yield from (path for path in (TOP / "obs_decam").rglob("*.py") if "config" not in path.parts)


@cache
def _first_words() -> dict[str, list[str]]:
    """Return what begins with a wrong word, by package."""
    wrong: dict[str, list[str]] = {}
    for path in _modules():
        for node in ast.walk(ast.parse(path.read_text())):
            if not isinstance(node, ast.FunctionDef | ast.ClassDef):
                continue
            words = (ast.get_docstring(node) or "").split()
            if not words:
                continue
            first = words[0].strip(".,:;`")
            named = {getattr(item, "id", getattr(item, "attr", "")) for item in node.decorator_list}
            is_noun = isinstance(node, ast.ClassDef) or named & {"property", "cached_property"}
            if first in RIDDLES or not (is_noun or first in VERBS):
                where = f"{path.relative_to(TOP)}:{node.lineno} {node.name}: {' '.join(words[:6])}"
                wrong.setdefault(_package(path), []).append(where)
    return wrong


def _packages() -> list[str]:
    return sorted({_package(path) for path in _modules()})


@pytest.mark.parametrize("package", _packages())
def test_docstrings_begin_with_a_plain_verb(package: str) -> None:
    assert _first_words().get(package, []) == []


def _face() -> dict[str, Any]:
    """Return the public objects by `module:name`, classes before their methods."""
    from persistence import NAMES

    face: dict[str, Any] = {}
    for module, names in [*NAMES.items(), *FACE.items()]:
        loaded = importlib.import_module(f"persistence.{module}")
        for name in names.split():
            face[f"{module}:{name}"] = getattr(loaded, name)
    return face


def _members(value: type) -> Iterator[str]:
    """Yield the public methods and properties that a class of ours defines or inherits."""
    for name in dir(value):
        owner = next((item for item in value.__mro__ if name in item.__dict__), None)
        ours = owner is not None and owner.__module__.startswith("persistence.")
        member = owner.__dict__[name] if owner is not None else None
        kinds = (staticmethod, classmethod, property)
        is_member = inspect.isfunction(member) or isinstance(member, kinds)
        is_plain = owner is not None and owner.__name__ in NAMES_OF_AFW
        if not name.startswith("_") and ours and is_member and not is_plain:
            yield name


def _faults(value: Any) -> Iterator[str]:
    """Yield what numpydoc finds wrong with an object, and with the members of a class."""
    from numpydoc.validate import Validator, get_doc_object, validate

    path = f"{value.__module__}.{value.__qualname__}"
    members = _members(value) if inspect.isclass(value) else ()
    for target in [path, *(f"{path}.{name}" for name in members)]:
        excused = EXCUSED.get(target, EXCUSED.get(path, ("", "")))[1].split()
        checked = Validator(get_doc_object(Validator._load_obj(target)))
        # Without arguments, the first sentence says what is returned.
        is_plain = not checked.signature_parameters and not checked.doc_parameters
        # A class without a constructor of its own: its base describes the parameters.
        is_inherited = inspect.isclass(checked.obj) and not (
            {"__init__", "__new__"} & set(vars(checked.obj))
        )
        skipped = {*excused, *(_RETURNS if is_plain else ()), *(["PR01"] if is_inherited else ())}
        for code, text in validate(target)["errors"]:
            if code in CODES - skipped:
                yield f"{target}: {code} {text}"


def _is_checked(value: Any) -> bool:
    """Return whether an object has docstrings of ours: not so constants, and other names."""
    return callable(value) and value.__module__.startswith("persistence.")


@pytest.fixture(scope="module")
def faults() -> dict[str, list[str]]:
    """Return the faults of the public face, by package."""
    pytest.importorskip("numpydoc", reason="numpydoc is not there: python -m pip install numpydoc")
    found: dict[str, list[str]] = {}
    for key, value in _face().items():
        of_package = found.setdefault(key.split(":")[0].split(".")[0], [])
        if _is_checked(value):
            of_package += [*_faults(value), *_without_example(value)]
    return found


def _without_example(value: Any) -> Iterator[str]:
    """Yield a public class without an example; errors need none, nor do classes of Gen2's names."""
    name = f"{value.__module__}.{value.__qualname__}"
    is_class = inspect.isclass(value) and not issubclass(value, BaseException)
    if is_class and not name.startswith("persistence.compat.") and ">>> " not in value.__doc__:
        yield f"{name}: has no example"


@pytest.mark.parametrize("package", sorted({key.split(":")[0].split(".")[0] for key in _face()}))
def test_the_public_face_has_numpydocs_sections(package: str, faults: dict[str, list[str]]) -> None:
    assert faults[package] == []


def _with_examples() -> list[str]:
    """Return the modules with examples in their docstrings."""
    return sorted(
        ".".join(path.relative_to(TOP / "python").with_suffix("").parts)
        for path in PACKAGE.rglob("*.py")
        if ">>> " in path.read_text() and path.name != "__init__.py"
    )


@pytest.mark.parametrize("module", _with_examples())
def test_examples_in_docstrings_hold(
    module: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    options = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE
    results = doctest.testmod(importlib.import_module(module), optionflags=options)
    assert results.failed == 0
