"""Callables named by a policy, where a repository contains the policy.

Opening or reading a repository runs no code of its own. A camera that is installed, or named by the
caller, may name any code; but a repository may come from anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from persistence.errors import Argument, Message, UnsafeContent
from persistence.files import yaml_nodes
from persistence.policy.dataset_type import DatasetType
from persistence.policy.load import CameraPolicy, keys_said
from persistence.policy.stand_ins import STAND_INS, stands_for

# Assemblers that are safe. A dotted name leads through modules, so that its beginning does not show
# its end: persistence.files.atomic.os.system. Hence whole names, of callables that are safe with
# any content of a repository.
_TEST_OBJECTS = ("TestObjectPair", "TestObjectPair.assembler", "TestObjectPair.disassembler")
HARMLESS = frozenset(
    {
        *(
            f"persistence.composites.ready_made.{name}"
            for name in ("assemble_amplifiers", "assemble_trimmed", "join_columns", "stack_rows")
        ),
        "persistence.composites.assemble.generic_assembler",
        "persistence.composites.assemble.generic_disassembler",
        "lsst.daf.persistence.genericAssembler",
        "lsst.daf.persistence.genericDisassembler",
        "types.SimpleNamespace",
        *(f"lsst.daf.persistence.test.{name}" for name in _TEST_OBJECTS),
    }
)
# The replacements of Gen2's classes: they only hold their parts.
_PLAIN_CLASSES = frozenset(STAND_INS.values())
_CALLED = ("assembler", "disassembler", "python")


def code(policy: CameraPolicy, said: Mapping[str, Any] | None = None) -> Iterator[tuple[str, str]]:
    """Yield the callables named by a policy that could do harm, with the position that names each.

    Parameters
    ----------
    policy : `CameraPolicy`
        The whole policy.
    said : mapping or `None`, optional
        The part of it that counts, in the form of a camera's file; by default all of it.
    """
    layer = () if said is None else (("<the repository's policy>", yaml_nodes.flow(said)),)
    for dataset in policy.types.values() if said != {} else ():
        if dataset.composite:
            own = (*_CALLED, "composite") if said is None else keys_said(policy, layer, dataset)
            for name in named(dataset, own):
                yield name, dataset.source


def named(
    dataset: DatasetType, own: Collection[str], called: Collection[str] = _CALLED
) -> Iterator[str]:
    """Yield the harmful callables of a composite, if a repository sets some of its keys."""
    told = any(part.setter or part.getter for part in dataset.composite.values())
    for key in called if dataset.composite else ():
        name = getattr(dataset, key)
        # By choosing the parts, a repository decides the arguments of any class, and the methods
        # that are called.
        meant = stands_for(str(name))
        harmless = meant in HARMLESS or (key == "python" and not told and meant in _PLAIN_CLASSES)
        if (key in own or "composite" in own) and name and not harmless:
            yield name
    for part in dataset.composite.values() if "composite" in own else ():
        for method, verb, key in (
            (part.setter, "set", "assembler"),
            (part.getter, "get", "disassembler"),
        ):
            # of any object
            if key in called and method and not method.startswith(verb):
                yield f"{dataset.python or dataset.name}.{method}"


def refuse_dataset(
    dataset: DatasetType,
    own: Collection[str],
    called: Collection[str],
    named_by: str,
    trust: Collection[str],
) -> None:
    """Raise an error for callables of a composite that a repository's keys name and nobody trusts.

    See `refuse_code`.
    """
    for name in named(dataset, own, called):
        if name not in trust:
            raise _refused(named_by, dataset.source, name)


def refuse_code(
    policy: CameraPolicy,
    overlay: Mapping[str, Any] | None,
    arguments: Mapping[str, Any],
    named_by: str,
    trust: Collection[str],
) -> None:
    """Raise an error for code that a repository's configuration names beyond that of its camera.

    Parameters
    ----------
    policy : `CameraPolicy`
        The policy of the repository's mapper.
    overlay : mapping or `None`
        The part of the configuration that overrides the camera's policy.
    arguments : mapping
        The mapper's arguments in the configuration, which may be a whole policy.
    named_by : `str`
        The repository, for the message.
    trust : collection of `str`
        Names that the caller allows.

    Raises
    ------
    UnsafeContent
        If it names any other code.
    """
    said = None if "policy" in arguments else arguments.get("overlay") or overlay or {}
    for name, source in code(policy, said):
        if name not in trust:
            raise _refused(named_by, source, name)


def _refused(named_by: str, source: str, name: str) -> UnsafeContent:
    return UnsafeContent(
        Message(
            f"the configuration of {named_by} names code ({source}: {name}); a repository may not "
            "contain code. If you trust it, use ",
            Argument("trust", (name,)),
        )
    )
