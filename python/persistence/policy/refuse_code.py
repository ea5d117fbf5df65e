"""What a policy has called, where a repository brings the policy.

Opening or reading it runs nothing of its own.

A camera that is installed, or that the caller names, may name any code. A repository may come from
anybody.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from persistence.errors import UnsafeContent, argument
from persistence.files import yaml_nodes
from persistence.policy.dataset_type import DatasetType
from persistence.policy.load import CameraPolicy, keys_said
from persistence.policy.stand_ins import STAND_INS, stands_for

# What composites are made by. A policy's name leads through modules, so that its beginning says
# nothing of its end: persistence.files.atomic.os.system. Hence whole names, of what can be called
# with anything that lies in a repository.
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
# What Gen2's classes are replaced by: filled with parts, they only hold them.
_PLAIN_CLASSES = frozenset(STAND_INS.values())
_CALLED = ("assembler", "disassembler", "python")


def code(policy: CameraPolicy, said: Mapping[str, Any] | None = None) -> Iterator[tuple[str, str]]:
    """Give what a policy has called, and might do harm, with the place that names it.

    Parameters
    ----------
    policy : `CameraPolicy`
        The whole policy.
    said : mapping, optional
        The part of it that counts, in the form that a camera's file has; by default all of it.
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
    """Return the harmful callables of a composite, if a repository sets some of its keys."""
    told = any(part.setter or part.getter for part in dataset.composite.values())
    for key in called if dataset.composite else ():
        name = getattr(dataset, key)
        # With parts of its choice a repository decides what any class is called with, and which of
        # its methods.
        meant = stands_for(str(name))
        harmless = meant in HARMLESS or (key == "python" and not told and meant in _PLAIN_CLASSES)
        if (key in own or "composite" in own) and name and not harmless:
            yield name
    for part in dataset.composite.values() if "composite" in own else ():
        for method, verb, key in (
            (part.setter, "set", "assembler"),
            (part.getter, "get", "disassembler"),
        ):
            # of whatever object there is
            if key in called and method and not method.startswith(verb):
                yield f"{dataset.python or dataset.name}.{method}"


def refuse_dataset(
    dataset: DatasetType,
    own: Collection[str],
    called: Collection[str],
    named_by: str,
    trust: Collection[str],
) -> None:
    """Refuse what one composite has called to be read or written, by a repository's keys.

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
    """Refuse what a repository's configuration has called beyond what its camera does.

    Parameters
    ----------
    policy : `CameraPolicy`
        The policy of the repository's mapper.
    overlay : mapping or None
        What the configuration lays over the camera's policy.
    arguments : mapping
        What it tells the mapper; that may be a whole policy.
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
        f"the configuration of {named_by} names code ({source}: {name}); a repository may not "
        f"bring code with it. If you trust it, give {argument('trust', [name])}"
    )
