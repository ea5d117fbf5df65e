"""The repositories that a Butler is to use, found before anything is done (gen2-core 1.2 to 1.5).

What is there is read, and what has to be written is planned: `persistence.butler.open` does it.
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
    CameraNotFound,
    RepositoryError,
    UnknownArgument,
    argument,
)
from persistence.files import links, ownership


class Member:
    """A repository on its way into the chain.

    Parameters
    ----------
    args : `Arguments`
        What the caller says of it.
    cfg : `RepositoryCfg`
        How it is set up, with what the caller says laid over it.
    is_new : `bool`
        Whether nothing is there yet.

    Attributes
    ----------
    parents : `list` [`Member`]
        Where is looked next.
    tags : `set`
        Its own, and those of the repositories that have it as a parent.
    given : `type`, `str`, `Mapper` or None
        The camera that the caller gives for it, or for who has it as a parent.
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

    def line(self) -> list[Member]:
        """Return the repository and all that are behind it, the nearest first."""
        every = {self.place: self}
        for parent in self.parents:
            every |= {one.place: one for one in parent.line() if one.place not in every}
        return list(every.values())


class Members:
    """The repositories that a caller tells of, and their parents, each once.

    Parameters
    ----------
    inputs, outputs : sequence of `RepositoryArgs`
        What the caller says.
    trust : sequence of `str`
        Dotted names of mappers that repositories may name.
    force : `bool`
        Whether outputs may be other users'.

    Attributes
    ----------
    inputs, outputs : `list` [`Member`]
        Those that the caller tells of.
    found : `dict` [`str`, `Member`]
        All, by their places.
    given : `type`, `str`, `Mapper` or None
        The camera that the caller gives, if it is only one.

    Raises
    ------
    RepositoryError
        If one is no repository, or cannot be used as asked.
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
        asked = [self._member(args.frozen("r")) for args in inputs]
        self.inputs = [member for member in asked if member.place not in read_already]
        for member in self.asked:
            self.add_parents(member, [member.place])
        for member in self.outputs:
            self._plan_output(member)
        for member in self.asked:
            member.tag(set(member.args.tags))

    @property
    def asked(self) -> list[Member]:
        """Those that are read because the caller says so, the first first."""
        return [*(one for one in self.outputs if one.readable), *self.inputs]

    @property
    def readable(self) -> list[Member]:
        """All that are read, in the order of the search."""
        return list({one.place: one for first in self.asked for one in first.line()}.values())

    def _member(self, args: Arguments, output: bool = False) -> Member:
        place = args.cfgRoot or os.path.realpath(os.curdir)
        cfg = repository_cfg.read(place)
        is_new = cfg is None
        if cfg is None:
            if not output and args.mapper is None:
                raise _not_there(place)
            cfg = RepositoryCfg(place, args.root or place)
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
        """Let what the caller says of a repository count.

        What an output was set up with cannot be changed.
        """
        said: dict[str, Any] = {}
        if args.mapper is not None:
            remember(args.mapper)  # a parent that is opened first may name it
            said["mapper"] = gen2_name(args.mapper)
        if args.mapperArgs is not None:
            said["mapperArgs"] = repository_cfg.placed(args.mapperArgs, cfg.root)
            if args.mapperArgs and not isinstance(args.mapper, str | type | None):
                raise UnknownArgument(
                    f"mapper={args.mapper!r} is made already, and cannot be told "
                    f"{', '.join(args.mapperArgs)}: give {type(args.mapper).__name__} itself as "
                    "mapper"
                )
        if args.policy is not None:
            said["policy"] = args.policy
        if has_to_match and not cfg.old:
            for name, value in said.items():
                there = getattr(cfg, name)
                if not self._is_camera(there, value) if name == "mapper" else there != value:
                    raise RepositoryError(
                        "The RepositoryArgs and RepositoryCfg must match for writable "
                        f"repositories: {cfg.cfg_root} is set up with {name} {there!r}, not "
                        f"{value!r}"
                    )
            return cfg
        return cfg._replace(**said)

    def _is_camera(self, name: str | None, given: str) -> bool:
        """Return whether what a repository names is the camera that the caller gives."""
        try:
            return name is not None and find(name, self._trust) is camera(given)
        except CameraNotFound:
            return False

    def add_parents(self, member: Member, line: list[str]) -> None:
        """Find the parents of a repository, and theirs."""
        member.parents = []
        for parent in member.cfg.parents:
            found = self._parent(member, parent)
            if found.place in line:
                raise RepositoryError(
                    f"parents lead in a circle: {' -> '.join([*line, found.place])}"
                )
            if not found.parents:
                self.add_parents(found, [*line, found.place])
            member.parents.append(found)

    def _parent(self, child: Member, parent: Any) -> Member:
        path = repository_cfg.shown(parent)
        place = os.path.realpath(path)
        if place not in self.found:
            cfg = repository_cfg.read(path)
            given = self.given if child.given is None else child.given
            if cfg is None and given is not None and os.path.isdir(path):
                cfg = RepositoryCfg(path, path)  # as the caller's own input may be
            if cfg is None:
                is_there = os.path.isdir(path)
                reason = f"names no mapper: give {argument('mapper')}" if is_there else "is gone"
                reason += moved_trees.guess(path, child.cfg)
                raise RepositoryError(f"the parent {path} of {child.cfg.cfg_root} {reason}")
            said: Mapping[str, Any] | None = None
            if cfg.old:
                nested = parent if isinstance(parent, RepositoryCfg) else child.cfg
                said = child.args.mapperArgs if nested is child.cfg else None
                cfg = cfg._replace(mapperArgs=nested.mapperArgs, mapper=cfg.mapper or nested.mapper)
            args = RepositoryArgs(cfgRoot=path, mapperArgs=said).frozen("r")
            self.found[place] = Member(args, cfg, is_new=False)
            self.found[place].given = child.given
        return self.found[place]

    def _plan_output(self, member: Member) -> None:
        """Find an output's parents and mapper, and whether its configuration has to be written."""
        given = [one for one in self.inputs if one.place != member.place]
        parents = tuple(
            one.cfg._replace(parents=()) if one.cfg.old else one.cfg.cfg_root for one in given
        )
        cfg = member.cfg
        if member.is_new:
            cfg = cfg._replace(parents=parents, mapper=cfg.mapper or self._default_mapper(member))
        elif member.readable:
            known = {repository_cfg.same(parent) for parent in cfg.parents}
            cfg = cfg._replace(
                parents=(
                    *cfg.parents,
                    *(one for one in parents if repository_cfg.same(one) not in known),
                )
            )
        else:
            cfg = repository_cfg.extended(cfg, parents)
        member.is_written = not cfg.old and (member.is_new or cfg != member.cfg)
        member.cfg = cfg
        if member.readable:
            self.add_parents(member, [member.place])
        else:
            member.parents = given  # whose registries know what it writes

    def _default_mapper(self, member: Member) -> str | None:
        names = {one.cfg.mapper and dotted(one.cfg.mapper) for one in self.inputs}
        if len(names) != 1:
            raise RepositoryError(
                f"No default mapper could be established for {member.cfg.cfg_root}: its inputs "
                f"have {sorted(map(str, names)) or 'none'}; give {argument('mapper')}"
            )
        return names.pop()


def _modes(inputs: Sequence[RepositoryArgs], outputs: Sequence[RepositoryArgs]) -> list[str]:
    """Return the modes of the outputs, and refuse those that cannot be."""
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
    """Return why nothing is written to a repository whose own file places its data elsewhere.

    Empty if they lie in it, or the caller says where they do.
    """
    root = os.path.realpath(cfg.root)
    is_meant = args.names_root and os.path.realpath(args.root or "") == root
    if is_meant or links.lies_in(root, cfg.cfg_root):
        return ""
    given = {"cfgRoot": cfg.cfg_root, "root": root}
    return (
        f"{cfg.cfg_root}/{repository_cfg.FILE} says that its data lie in {root}, outside of it: "
        f"to write there, say so yourself, in Python: Butler(outputs={given!r})"
    )


def refusal(cfg: RepositoryCfg, args: Arguments, force: bool) -> str:
    """Return why nothing is written to a repository: it leads elsewhere, or is another user's.

    Empty if it may be written. Another user's may be, if that is forced.
    """
    reason = _leads_out(cfg, args)
    for root in () if force else dict.fromkeys((cfg.cfg_root, cfg.root)):
        reason = reason or ownership.refusal(root)
    return reason


def _refuse_unwritable(root: str) -> None:
    """Refuse an output that the user may not write to, before anything is computed for it."""
    if os.access(root, os.W_OK | os.X_OK):
        return
    if not os.path.isdir(root):
        raise RepositoryError(f"the output {root} is no directory")
    raise RepositoryError(
        f"the output {root} belongs to {ownership.owner(root)}, and you may not write to it: give "
        "it as an input, and a directory of your own as the output"
    )


def _not_there(place: str) -> RepositoryError:
    if not os.path.isdir(place):
        reason = links.fault(place) or f"there is no directory {place}"
        return RepositoryError(f"No cfg found for read-only input repository: {reason}")
    return RepositoryError(
        f"No cfg found for read-only input repository at {place}: it has no _mapper, no _parent, "
        f"no registry.sqlite3 and no {repository_cfg.FILE}. Write the camera's mapper into it "
        f"(echo lsst.obs.decam.DecamMapper > {place}/_mapper), or give {argument('mapper')}"
    )
