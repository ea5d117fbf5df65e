"""Find the repositories that a Butler uses, before anything is opened or written.

Their configuration is read, and what has to be written is planned; `persistence.butler.open`
carries it out. The rules are those of doc/gen2/gen2-core.md, 1.2 to 1.5.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

from persistence.butler import moved_trees, repository_cfg
from persistence.butler.repository_args import Arguments, RepositoryArgs
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.cameras.installed import camera, dotted, find, gen2_name, remember
from persistence.errors import (
    Argument,
    CameraNotFound,
    Message,
    RepositoryError,
    UnknownArgument,
)
from persistence.files import links, mirrors, ownership

# How many repositories inside a directory a message names.
_SHOWN = 5


class Member:
    """A repository that will be part of the chain.

    Parameters
    ----------
    args : `Arguments`
        The caller's arguments for it.
    cfg : `RepositoryCfg`
        Its configuration, with the caller's arguments applied.
    is_new : `bool`
        Whether it does not exist yet.

    Attributes
    ----------
    parents : `list` [`Member`]
        The repositories that are searched after it.
    tags : `set`
        Its own tags, and those of its descendants in the chain.
    given : `type`, `str`, `Mapper` or None
        The camera that the caller passed for it, or for a descendant.
    is_written : `bool`
        Whether its configuration has to be written.
    """

    def __init__(self, args: Arguments, cfg: RepositoryCfg, is_new: bool) -> None:
        self.args = args
        self.cfg = cfg
        self.is_new = is_new
        self.parents: list[Member] = []
        self.tags = set(args.tags)
        self.given = args.mapper
        self.is_written = False

    @property
    def readable(self) -> bool:
        return "r" in self.args.mode

    @property
    def place(self) -> str:
        return os.path.realpath(self.cfg.root)

    def tag(self, tags: set[Any]) -> None:
        """Add tags, here and to all parents."""
        self.tags |= tags
        for parent in self.parents:
            parent.tag(tags)

    def ancestry(self) -> list[Member]:
        """Return the repository and its ancestors, the nearest first."""
        every = {self.place: self}
        for parent in self.parents:
            every |= {
                member.place: member for member in parent.ancestry() if member.place not in every
            }
        return list(every.values())


class Members:
    """The repositories that the caller names, and their parents, each once.

    Parameters
    ----------
    inputs, outputs : sequence of `RepositoryArgs`
        The caller's arguments.
    trust : sequence of `str`
        Dotted names of mappers that repositories may name.
    force : `bool`
        Whether outputs may belong to other users.

    Attributes
    ----------
    inputs, outputs : `list` [`Member`]
        Those that the caller names.
    found : `dict` [`str`, `Member`]
        All members, by their directories.
    given : `type`, `str`, `Mapper` or None
        The camera that the caller passed, if it is only one.

    Raises
    ------
    RepositoryError
        If a directory is not a repository, or cannot be used as requested.
    """

    def __init__(
        self,
        inputs: Sequence[RepositoryArgs],
        outputs: Sequence[RepositoryArgs],
        trust: Sequence[str],
        force: bool,
    ) -> None:
        self._trust, self._force = trust, force
        self.found: dict[str, Member] = {}
        mappers = [args.mapper for args in (*outputs, *inputs) if args.mapper is not None]
        self.given = mappers[0] if len(set(map(camera, mappers))) == 1 else None
        modes = _modes(inputs, outputs)
        self.outputs = [
            self._member(args.frozen(mode), output=True)
            for args, mode in zip(outputs, modes, strict=True)
        ]
        read_already = {member.place for member in self.outputs if member.readable}
        requested = [self._member(args.frozen("r")) for args in inputs]
        self.inputs = [member for member in requested if member.place not in read_already]
        for member in self.asked:
            self.add_parents(member, [member.place])
        for member in self.outputs:
            self._plan_output(member)
        for member in self.asked:
            member.tag(set(member.args.tags))

    @property
    def asked(self) -> list[Member]:
        """The repositories that the caller requests to read, in order."""
        return [*(output for output in self.outputs if output.readable), *self.inputs]

    @property
    def readable(self) -> list[Member]:
        """All repositories that are read, in search order."""
        return list(
            {member.place: member for first in self.asked for member in first.ancestry()}.values()
        )

    def _member(self, args: Arguments, output: bool = False) -> Member:
        directory = args.cfgRoot or os.path.realpath(os.curdir)
        cfg = repository_cfg.read(directory)
        is_new = cfg is None
        if cfg is None:
            if not output and args.mapper is None:
                raise _not_there(directory)
            cfg = RepositoryCfg(directory, args.root or directory)
        cfg = self._with_args(cfg, args, output and not is_new)
        member = Member(args, cfg, is_new)
        if output:
            if os.path.isdir(cfg.root):
                _refuse_unwritable(cfg.root)
            reason = refusal(cfg, args, self._force)
            if reason:
                raise RepositoryError(reason)
            self.found[member.place] = member
        return member if output else self.found.setdefault(member.place, member)

    def _with_args(self, cfg: RepositoryCfg, args: Arguments, has_to_match: bool) -> RepositoryCfg:
        """Return a configuration with the caller's arguments applied.

        The configuration of an existing output cannot be changed.
        """
        settings: dict[str, Any] = {}
        if args.mapper is not None:
            remember(args.mapper)  # a parent that is opened first may name it
            settings["mapper"] = gen2_name(args.mapper)
        if args.mapperArgs is not None:
            settings["mapperArgs"] = repository_cfg.placed(args.mapperArgs, cfg.root)
            if args.mapperArgs and not isinstance(args.mapper, str | type | None):
                raise UnknownArgument(
                    f"mapper={args.mapper!r} is an instance already, and cannot be passed "
                    f"{', '.join(args.mapperArgs)}: pass {type(args.mapper).__name__} itself as "
                    "mapper"
                )
        if args.policy is not None:
            settings["policy"] = args.policy
        if has_to_match and not cfg.old:
            for name, value in settings.items():
                existing = getattr(cfg, name)
                if not self._is_camera(existing, value) if name == "mapper" else existing != value:
                    raise RepositoryError(
                        "The RepositoryArgs and RepositoryCfg must match for writable "
                        f"repositories: {cfg.cfg_root} is set up with {name} {existing!r}, not "
                        f"{value!r}"
                    )
            return cfg
        return cfg._replace(**settings)

    def _is_camera(self, name: str | None, expected: str) -> bool:
        """Return whether the mapper that a repository names is the caller's camera."""
        try:
            return name is not None and find(name, self._trust) is camera(expected)
        except CameraNotFound:
            return False

    def add_parents(self, member: Member, ancestry: list[str]) -> None:
        """Find the parents of a repository, and their parents."""
        member.parents = []
        for parent in member.cfg.parents:
            ancestor = self._parent(member, parent)
            if ancestor.place in ancestry:
                raise RepositoryError(
                    f"parents form a cycle: {' -> '.join([*ancestry, ancestor.place])}"
                )
            if not ancestor.parents:
                self.add_parents(ancestor, [*ancestry, ancestor.place])
            member.parents.append(ancestor)

    def add_pinned(self, root: str) -> Member:
        """Find a repository in which only some dataset types are looked up, and its parents."""
        known = self.found.get(os.path.realpath(root))
        member = known or self._member(RepositoryArgs(cfgRoot=root).frozen("r"))
        if not member.parents:
            self.add_parents(member, [member.place])
        return member

    def _parent(self, child: Member, parent: Any) -> Member:
        path = repository_cfg.shown(parent)
        directory = os.path.realpath(path)
        if directory not in self.found:
            cfg = repository_cfg.read(path)
            camera = self.given if child.given is None else child.given
            if cfg is None and camera is not None and os.path.isdir(path):
                cfg = RepositoryCfg(path, path)  # as a caller's own input may
            if cfg is None:
                is_there = os.path.isdir(path)
                reason = ["names no mapper: pass ", Argument("mapper")] if is_there else ["is gone"]
                hint = moved_trees.guess(path, child.cfg)
                parent = f"the parent {path} of {child.cfg.cfg_root} "
                raise RepositoryError(Message(parent, *reason, hint))
            mapper_args: Mapping[str, Any] | None = None
            if cfg.old:
                nested = parent if isinstance(parent, RepositoryCfg) else child.cfg
                mapper_args = child.args.mapperArgs if nested is child.cfg else None
                cfg = cfg._replace(mapperArgs=nested.mapperArgs, mapper=cfg.mapper or nested.mapper)
            args = RepositoryArgs(cfgRoot=path, mapperArgs=mapper_args).frozen("r")
            self.found[directory] = Member(args, cfg, is_new=False)
            self.found[directory].given = child.given
        return self.found[directory]

    def _plan_output(self, member: Member) -> None:
        """Find the parents and mapper of an output, and whether its configuration has changed."""
        candidates = [other for other in self.inputs if other.place != member.place]
        parents = tuple(
            other.cfg._replace(parents=()) if other.cfg.old else other.cfg.cfg_root
            for other in candidates
        )
        cfg = member.cfg
        if member.is_new:
            cfg = cfg._replace(parents=parents, mapper=cfg.mapper or self._default_mapper(member))
        elif member.readable:
            known = {repository_cfg.same(parent) for parent in cfg.parents}
            cfg = cfg._replace(
                parents=(
                    *cfg.parents,
                    *(other for other in parents if repository_cfg.same(other) not in known),
                )
            )
        else:
            cfg = repository_cfg.extended(cfg, parents)
        member.is_written = not cfg.old and (member.is_new or cfg != member.cfg)
        member.cfg = cfg
        if member.readable:
            self.add_parents(member, [member.place])
        else:
            member.parents = candidates  # their registries describe the data that are written

    def _default_mapper(self, member: Member) -> str | None:
        names = {other.cfg.mapper and dotted(other.cfg.mapper) for other in self.inputs}
        if len(names) != 1:
            raise RepositoryError(
                Message(
                    f"No default mapper could be established for {member.cfg.cfg_root}: its inputs "
                    f"have {sorted(map(str, names)) or 'none'}; pass ",
                    Argument("mapper"),
                )
            )
        return names.pop()


def _modes(inputs: Sequence[RepositoryArgs], outputs: Sequence[RepositoryArgs]) -> list[str]:
    """Return the modes of the outputs, and raise an error for invalid ones."""
    for args in inputs:
        if args.mode not in (None, "r", "rw"):
            raise RepositoryError(
                f"The mode of an input should be readable. {args} has {args.mode!r}"
            )
    for args in outputs:
        if args.mode not in (None, "w", "rw"):
            raise RepositoryError(
                f"The mode of an output should be writable. {args} has {args.mode!r}"
            )
    modes = [args.mode or "w" for args in outputs]
    if len(modes) > 1 and "rw" in modes:
        raise RepositoryError(
            "Butler does not support multiple output repositories if any of the outputs are "
            "readable."
        )
    return modes


def _leads_out(cfg: RepositoryCfg, args: Arguments) -> str:
    """Return why a repository is not written to: its own file places its data elsewhere.

    Empty if they are inside, or the caller names the place.
    """
    root = os.path.realpath(cfg.root)
    is_meant = args.names_root and os.path.realpath(args.root or "") == root
    if is_meant or links.lies_in(root, cfg.cfg_root):
        return ""
    directories = {"cfgRoot": cfg.cfg_root, "root": root}
    return (
        f"{cfg.cfg_root}/{repository_cfg.FILE} says that its data lie in {root}, outside of it: "
        f"to write there, say so yourself, in Python: Butler(outputs={directories!r})"
    )


def refusal(cfg: RepositoryCfg, args: Arguments, force: bool) -> str:
    """Return why a repository is not written to: it leads elsewhere, or belongs to another user.

    Empty if it may be written to; ``force`` allows other users' repositories.
    """
    reason = mirrors.refusal(cfg.root) or _leads_out(cfg, args)
    for root in () if force else dict.fromkeys((cfg.cfg_root, cfg.root)):
        reason = reason or ownership.refusal(root)
    return reason


def _refuse_unwritable(root: str) -> None:
    """Raise an error if the user may not write to an output, before anything is computed for it."""
    if os.access(root, os.W_OK | os.X_OK):
        return
    if not os.path.isdir(root):
        raise RepositoryError(f"the output {root} is not a directory")
    raise RepositoryError(
        f"the output {root} belongs to {ownership.owner(root)}, and you may not write to it: give "
        "it as an input, and a directory of your own as the output"
    )


def _not_there(directory: str) -> RepositoryError:
    name = mirrors.shown(directory)
    if not os.path.isdir(directory):
        reason = links.fault(directory) or f"there is no directory {name}"
        return RepositoryError(f"No cfg found for read-only input repository: {reason}")
    return RepositoryError(
        Message(
            f"No cfg found for read-only input repository at {name}: it has no _mapper, no "
            f"_parent, no registry.sqlite3 and no {repository_cfg.FILE}. Write the camera's mapper "
            f"into it (echo lsst.obs.decam.DecamMapper > {name}/_mapper), or pass ",
            Argument("mapper"),
            _inside(directory),
        )
    )


def _inside(directory: str) -> str:
    """Return a hint at the repositories in a directory, empty without any."""
    marks = ("_mapper", repository_cfg.FILE)
    names = sorted(os.listdir(directory)) if os.access(directory, os.R_OK) else ()
    repositories = [
        name
        for name in names
        if any(os.path.isfile(os.path.join(directory, name, mark)) for mark in marks)
    ]
    more = ", ..." if len(repositories) > _SHOWN else ""
    return f". Repositories in it: {', '.join(repositories[:_SHOWN])}{more}" if repositories else ""
