"""Open the chain of repositories that a caller's arguments describe.

First everything is found and planned (`persistence.butler.members`), then the inputs are opened,
and only then is anything written: new repositories, or outputs with new parents.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Mapping, Sequence
from typing import Any

from persistence.butler import members, moved_trees, pins, repository_cfg
from persistence.butler.chain import Chain
from persistence.butler.members import Member, Members
from persistence.butler.repository import Repository
from persistence.butler.repository_args import TAKEN, RepositoryArgs, refuse_untaken
from persistence.cameras.installed import camera, find, gen2_name
from persistence.errors import (
    Argument,
    CameraNotFound,
    Message,
    PolicyError,
    RegistryWarning,
    RepositoryError,
    UnknownDatasetType,
    did_you_mean,
    warn_caller,
)
from persistence.files import links
from persistence.policy import refuse_code


class Opening:
    """Open the repositories that a Butler uses, each once.

    Parameters
    ----------
    inputs, outputs : sequence of `RepositoryArgs`
        The caller's arguments.
    trust : sequence of `str`
        Dotted names of classes that pickles may contain, and of mappers that repositories may
        name.
    calibs : mapping
        Calibration dataset types, with their directories.
    force : `bool`
        Whether outputs may belong to other users.
    pinned : mapping, False or None
        The caller's pins; see `persistence.butler.pins`.
    """

    def __init__(
        self,
        inputs: Sequence[RepositoryArgs],
        outputs: Sequence[RepositoryArgs],
        trust: Sequence[str] = (),
        calibs: Mapping[str, str] = {},
        force: bool = False,
        pinned: pins.Given = None,
    ) -> None:
        self._trust, self._force = trust, force
        self._calibs = {name: os.path.abspath(directory) for name, directory in calibs.items()}
        self._members = Members(inputs, outputs, trust, force)
        self._pinning = pins.Pinning(self._members, pinned)
        self._made: dict[str, Repository] = {}

    def chain(self) -> Chain:
        """Open the inputs, write new configuration, open the outputs, and return the chain."""
        outputs = self._members.outputs
        for member in self._members.readable:
            if member not in outputs:
                self._repository(member)
        self._pinning.open(self._repository)
        if self._made:
            self._check_calibs()
        if all(member.is_new for member in outputs):  # others may define further dataset types
            self._pinning.check(self._made.values(), self._calibs)
        for member in outputs:
            self._write(member)
        opened = [self._repository(member) for member in outputs]
        self._check_calibs()
        self._pinning.check(self._made.values(), self._calibs)
        return Chain(
            [self._repository(member) for member in self._members.readable],
            opened,
            pins=self._pinning.opened(self._repository),
        )

    def _write(self, member: Member) -> None:
        """Write the configuration of an output if planned; another process may do so, too."""
        if not member.is_written:
            return
        planned = member.cfg
        member.cfg = repository_cfg.write(planned)
        if member.readable and member.cfg.parents != planned.parents:
            self._members.add_parents(member, [member.place])
            member.tag(set(member.args.tags))

    def _check_calibs(self) -> None:
        """Raise an error if ``calibs`` names a dataset type that is a calibration of no camera."""
        mappers = [repository.mapper for repository in self._made.values()]
        known = dict.fromkeys(
            dataset.name
            for mapper in mappers
            for dataset in mapper.types.values()
            if dataset.section == "calibrations"
        )
        for name in self._calibs:
            if name not in known:
                cameras = ", ".join(dict.fromkeys(type(mapper).__name__ for mapper in mappers))
                raise UnknownDatasetType(name, known, f"calibs: {cameras}", "calibration")

    def write_new(self) -> None:
        """Write the configuration of new repositories that were only opened so far."""
        for member in self._members.inputs:
            if member.is_new:
                member.cfg = repository_cfg.write(member.cfg)
                member.is_new = False

    def _repository(self, member: Member) -> Repository:
        repository = self._made.get(member.place)
        if repository is None:
            repository = self._made[member.place] = self._make(member)
            refuse_code.refuse_code(
                repository.mapper.policy,
                member.cfg.policy if member.args.policy is None else None,
                member.cfg.mapperArgs if member.args.mapperArgs is None else {},
                member.cfg.cfg_root,
                self._trust,
            )
        return repository

    def _mapper(self, member: Member) -> Any:
        """Return the camera of a repository: the caller's for it, or the one that it names.

        A parent without a usable mapper has that of its child; a repository that names none has the
        caller's, if the caller passed only one.
        """
        root, name = member.cfg.cfg_root, member.cfg.mapper
        if member.args.mapper is not None:
            return member.args.mapper
        try:
            if name is not None:
                return find(name, self._trust)
        except CameraNotFound as error:
            if member.given is None:
                raise
            warn_caller(
                Message(
                    f"{root}: ",
                    *error.args[:1],
                    f". It is read with the camera {gen2_name(member.given)}, which was passed for "
                    "its child",
                ),
                RegistryWarning,
            )
        given = self._members.given if member.given is None else member.given
        if given is None:
            reason = links.fault(os.path.join(root, "_mapper")) or "it has no _mapper"
            raise RepositoryError(
                Message(
                    f"{root} names no mapper: {reason}. Write the camera's mapper into it (echo "
                    f"lsst.obs.decam.DecamMapper > {root}/_mapper), or pass ",
                    Argument("mapper"),
                )
            )
        return camera(given)

    def _make(self, member: Member) -> Repository:
        """Create a `Repository`; errors in its configuration are raised with its name."""
        cfg, tags = member.cfg, member.tags
        if member.args.mapperArgs is None:
            cfg = cfg._replace(mapperArgs=moved_trees.mapper_args(cfg))
        ancestors = [self._repository(parent) for parent in member.parents]
        try:
            repository = Repository(
                cfg.root,
                self._mapper(member),
                self._trust,
                cfg,
                tags,
                ancestors,
                self._calibs,
                cfg.mapperArgs,
            )
            repository.refusal = functools.partial(members.refusal, cfg, member.args, self._force)
            # Cameras may accept further arguments; names similar to ours are misspelt.
            for name in member.args.mapperArgs or ():
                if did_you_mean(name, TAKEN):
                    refuse_untaken(repository.mapper, [name])
            return repository
        except (PolicyError, RepositoryError) as error:
            if not str(error).startswith(os.sep):  # else it names a file already
                error.where = cfg.cfg_root
            raise


def open_chain(
    inputs: Sequence[RepositoryArgs],
    outputs: Sequence[RepositoryArgs],
    trust: Sequence[str] = (),
    calibs: Mapping[str, str] = {},
    force: bool = False,
    pinned: pins.Given = None,
) -> Chain:
    """Open the repositories of a Butler; see `Opening`."""
    return Opening(inputs, outputs, trust, calibs, force, pinned).chain()


def open_one(
    root: str,
    mapper: Any,
    trust: Sequence[str],
    arguments: Mapping[str, Any],
    calibs: Mapping[str, str] = {},
    mode: str = "rw",
    force: bool = False,
    pinned: pins.Given = None,
) -> Chain:
    """Open one repository to read and write, as Gen2's older ``Butler(root, mapper)`` does.

    A missing directory is created only when a dataset is written, and permission to write is
    checked only then. With mode ``r``, nothing can be written.

    Raises
    ------
    RepositoryError
        If the mode is neither ``rw`` nor ``r``.
    """
    if mode not in ("r", "rw"):
        raise RepositoryError(
            f"mode={mode!r}: the mode of a Butler on a root is 'rw', or 'r' to read only"
        )
    args = RepositoryArgs(cfgRoot=root, mapper=mapper, mapperArgs=dict(arguments) or None)
    opening = Opening([args], [], trust, calibs, force, pinned)
    chain = opening.chain()
    if mode == "r":
        return chain
    return Chain(chain.inputs, chain.inputs[:1], opening.write_new, chain.pins)
