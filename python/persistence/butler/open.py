"""From what a caller says to the chain of repositories that a Butler uses (gen2-core 1.2 to 1.5).

Nothing is made or changed on disk unless a repository is an output that is new, or that gets new
parents.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from persistence.butler import repository_cfg
from persistence.butler.chain import Chain
from persistence.butler.repository import Repository
from persistence.butler.repository_args import TAKEN, RepositoryArgs, refuse_untaken
from persistence.butler.repository_cfg import RepositoryCfg
from persistence.cameras.installed import camera, find, gen2_name, remember
from persistence.errors import (
    CameraNotFound,
    PolicyError,
    RegistryWarning,
    RepositoryError,
    UnknownArgument,
    UnknownDatasetType,
    argument,
    did_you_mean,
    warn_caller,
)
from persistence.files import links, ownership
from persistence.policy import refuse_code


class Member:
    """A repository on its way into the chain."""

    def __init__(self, args: RepositoryArgs, cfg: RepositoryCfg, is_new: bool) -> None:
        self.args = args
        self.cfg = cfg
        self.is_new = is_new
        self.parents: list[Member] = []
        # The camera that the caller gives for it, or for who has it as a parent.
        self.given: Any = args.mapper
        self.repository: Repository | None = None

    @property
    def readable(self) -> bool:
        return "r" in (self.args.mode or "")

    @property
    def place(self) -> str:
        return os.path.realpath(self.cfg.root)


class Opening:
    """Opens the repositories that a Butler is told of, each once.

    Parameters
    ----------
    inputs, outputs : sequence of `RepositoryArgs`
        What the caller says.
    trust : sequence of `str`
        Dotted names of classes that pickles may hold, and of mappers that repositories may name.
    calibs : mapping
        Dataset types of calibrations, and where these lie.
    force : `bool`
        Whether outputs may be other users'.
    """

    def __init__(
        self,
        inputs: Sequence[RepositoryArgs],
        outputs: Sequence[RepositoryArgs],
        trust: Sequence[str] = (),
        calibs: Mapping[str, str] = {},
        force: bool = False,
    ) -> None:
        self._trust = trust
        self._force = force
        self._calibs = {name: os.path.abspath(place) for name, place in calibs.items()}
        self._members: dict[str, Member] = {}
        mappers = [args.mapper for args in (*outputs, *inputs) if args.mapper is not None]
        self._given = mappers[0] if len(set(map(camera, mappers))) == 1 else None
        _check_modes(inputs, outputs)
        self._outputs = [self._member(args, output=True) for args in outputs]
        read_already = {member.place for member in self._outputs if member.readable}
        given = [self._member(args) for args in inputs]
        self._inputs = [member for member in given if member.place not in read_already]

    def chain(self) -> Chain:
        """Connect parents, find mappers, make the repositories, write what is new."""
        for member in [*self._outputs, *self._inputs]:
            if member in self._inputs or member.readable:
                self._add_parents(member, [member.place])
        if any(member.is_new for member in self._outputs):
            self._try_inputs()
        for member in self._outputs:
            self._set_up(member)
        readable: list[Member] = []
        asked = [*(one for one in self._outputs if one.readable), *self._inputs]
        for member in asked:
            _spread_tags(member, set(member.args.tags))
        for member in asked:
            _depth_first(member, readable)
        inputs = [self._repository(member) for member in readable]
        outputs = [self._repository(member) for member in self._outputs]
        self._check_calibs()
        return Chain(inputs, outputs)

    def _check_calibs(self) -> None:
        """Refuse to take from elsewhere what is no calibration of any repository's camera."""
        mappers = [one.repository.mapper for one in self._members.values() if one.repository]
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

    def _try_inputs(self) -> None:
        """See whether the inputs can be opened, before anything is written for a new output."""
        for member in self._inputs:
            self._repository(member)
        self._check_calibs()
        for member in self._members.values():
            member.repository = None  # it has no tags yet

    def write_new(self) -> None:
        """Write the configuration of repositories that are new and were only opened."""
        for member in self._inputs:
            if member.is_new:
                member.cfg = repository_cfg.write(member.cfg)
                member.is_new = False

    def _member(self, args: RepositoryArgs, output: bool = False) -> Member:
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
            refusal = _refusal(cfg, args, self._force)
            if refusal:
                raise RepositoryError(refusal)
            self._members[member.place] = member
        return member if output else self._members.setdefault(member.place, member)

    def _with_args(
        self, cfg: RepositoryCfg, args: RepositoryArgs, has_to_match: bool
    ) -> RepositoryCfg:
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

    def _add_parents(self, member: Member, line: list[str]) -> None:
        """Find the parents of a repository, and theirs."""
        member.parents = []
        for parent in member.cfg.parents:
            found = self._parent(member, parent)
            if found.place in line:
                raise RepositoryError(
                    f"parents lead in a circle: {' -> '.join([*line, found.place])}"
                )
            if not found.parents:
                self._add_parents(found, [*line, found.place])
            member.parents.append(found)

    def _parent(self, child: Member, parent: Any) -> Member:
        path = repository_cfg.shown(parent)
        place = os.path.realpath(path)
        if place not in self._members:
            cfg = repository_cfg.read(path)
            given = self._given if child.given is None else child.given
            if cfg is None and given is not None and os.path.isdir(path):
                cfg = RepositoryCfg(path, path)  # as the caller's own input may be
            if cfg is None:
                is_there = os.path.isdir(path)
                reason = f"names no mapper: give {argument('mapper')}" if is_there else "is gone"
                raise RepositoryError(
                    f"the parent {path} of {child.cfg.cfg_root} {reason}{_guess(path, child)}"
                )
            args = RepositoryArgs(cfgRoot=path, mode="r")
            if cfg.old:
                nested = parent if isinstance(parent, RepositoryCfg) else child.cfg
                args.mapperArgs = child.args.mapperArgs if nested is child.cfg else None
                cfg = cfg._replace(mapperArgs=nested.mapperArgs, mapper=cfg.mapper or nested.mapper)
            self._members[place] = Member(args, cfg, is_new=False)
            self._members[place].given = child.given
        return self._members[place]

    def _set_up(self, member: Member) -> None:
        """Set an output's parents and mapper, and write its configuration if that is new."""
        given = [one for one in self._inputs if one.place != member.place]
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
        if not cfg.old and (member.is_new or cfg != member.cfg):
            cfg = repository_cfg.write(cfg)
        member.cfg = cfg
        if member.readable:
            self._add_parents(member, [member.place])
        else:
            member.parents = given  # whose registries know what it writes

    def _default_mapper(self, member: Member) -> str | None:
        names = {one.cfg.mapper for one in self._inputs}
        if len(names) != 1:
            raise RepositoryError(
                f"No default mapper could be established for {member.cfg.cfg_root}: its inputs "
                f"have {sorted(map(str, names)) or 'none'}; give {argument('mapper')}"
            )
        return names.pop()

    def _repository(self, member: Member) -> Repository:
        if member.repository is None:
            member.repository = self._made(member)
            refuse_code.refuse_code(
                member.repository.mapper.policy,
                member.cfg.policy if member.args.policy is None else None,
                member.cfg.mapperArgs if member.args.mapperArgs is None else {},
                member.cfg.cfg_root,
                self._trust,
            )
        return member.repository

    def _mapper(self, member: Member) -> Any:
        """Return a repository's camera: the one given for it, or that which it names.

        A parent that names none, or one that cannot be had, has the one given for its child; what
        names none has the one that is given, if it is only one.
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
                f"{root}: {error}. It is read with the camera {gen2_name(member.given)}, which "
                "was given for its child",
                RegistryWarning,
            )
        given = self._given if member.given is None else member.given
        if given is None:
            reason = links.fault(os.path.join(root, "_mapper")) or "it has no _mapper"
            raise RepositoryError(
                f"{root} names no mapper: {reason}. Write the camera's mapper into it (echo "
                f"lsst.obs.decam.DecamMapper > {root}/_mapper), or give {argument('mapper')}"
            )
        return camera(given)

    def _made(self, member: Member) -> Repository:
        """Make a repository; what its setup says wrong is told with the repository's name."""
        cfg, tags = member.cfg, member.args.tags
        if member.args.mapperArgs is None:
            cfg = cfg._replace(mapperArgs=_found_again(cfg))
        ancestors = [self._repository(parent) for parent in member.parents]
        try:
            made = Repository(
                cfg.root,
                self._mapper(member),
                self._trust,
                cfg,
                tags,
                ancestors,
                self._calibs,
                cfg.mapperArgs,
            )
            made.refusal = functools.partial(_refusal, cfg, member.args, self._force)
            # Cameras may ask for others; those that look like ours are misspelt.
            for name in member.args.mapperArgs or ():
                if did_you_mean(name, TAKEN):
                    refuse_untaken(made.mapper, [name])
            return made
        except (PolicyError, RepositoryError) as error:
            if str(error).startswith(os.sep):  # the name of a file says enough
                raise
            raise type(error)(f"{cfg.cfg_root}: {error}", *error.args[1:]) from error


def _leads_out(cfg: RepositoryCfg, args: RepositoryArgs) -> str:
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


def _refusal(cfg: RepositoryCfg, args: RepositoryArgs, force: bool) -> str:
    """Return why nothing is written to a repository: it leads elsewhere, or is another user's.

    Empty if it may be written. Another user's may be, if that is forced.
    """
    refusal = _leads_out(cfg, args)
    for root in () if force else dict.fromkeys((cfg.cfg_root, cfg.root)):
        refusal = refusal or ownership.refusal(root)
    return refusal


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


def _check_modes(inputs: Sequence[RepositoryArgs], outputs: Sequence[RepositoryArgs]) -> None:
    for args in inputs:
        if args.mode not in (None, "r", "rw"):
            raise RepositoryError(
                f"The mode of an input should be readable. {args} has {args.mode!r}"
            )
        args.mode = "r"
    for args in outputs:
        args.mode = args.mode or "w"
        if args.mode not in ("w", "rw"):
            raise RepositoryError(
                f"The mode of an output should be writable. {args} has {args.mode!r}"
            )
    if len(outputs) > 1 and any("r" in str(args.mode) for args in outputs):
        raise RepositoryError(
            "Butler does not support multiple output repositories if any of the outputs are "
            "readable."
        )


def _spread_tags(member: Member, tags: set[Any]) -> None:
    member.args.tag(tags)
    for parent in member.parents:
        _spread_tags(parent, tags)


def _depth_first(member: Member, found: list[Member]) -> None:
    if member not in found:
        found.append(member)
        for parent in member.parents:
            _depth_first(parent, found)


def _not_there(place: str) -> RepositoryError:
    if not os.path.isdir(place):
        reason = links.fault(place) or f"there is no directory {place}"
        return RepositoryError(f"No cfg found for read-only input repository: {reason}")
    return RepositoryError(
        f"No cfg found for read-only input repository at {place}: it has no _mapper, no _parent, "
        f"no registry.sqlite3 and no {repository_cfg.FILE}. Write the camera's mapper into it "
        f"(echo lsst.obs.decam.DecamMapper > {place}/_mapper), or give {argument('mapper')}"
    )


def _found_again(cfg: RepositoryCfg) -> Mapping[str, Any]:
    """Return what a repository's file says for the mapper, with a calibration root that is there.

    Gen2, and earlier versions of ours, wrote it absolute: in a tree that was moved, it is where it
    was beside the repository. Whoever needs no calibrations does not need it.
    """
    path, named = cfg.mapperArgs.get("calibRoot"), cfg.mapperArgs.get("calibRegistry")
    if not isinstance(path, str):
        return cfg.mapperArgs
    registry = os.path.join(path, named or "calibRegistry.sqlite3")
    if os.path.isdir(path) and (not named or os.path.isfile(registry)):
        return cfg.mapperArgs
    name = os.path.relpath(registry, path)
    roots = [one for one in _beside(path, cfg.root) if os.path.isfile(os.path.join(one, name))]
    hint = f"{roots[0]} is taken for it" if roots else "none of them will be found"
    gone = registry if os.path.isdir(path) else path
    warn_caller(
        f"{cfg.cfg_root}/{repository_cfg.FILE} names the calibrations in {gone}, which is not "
        f"there: {hint}. {argument('calibRoot')} says where they are",
        RegistryWarning,
    )
    lost = ("calibRoot",) if roots else ("calibRoot", "calibRegistry")
    others = {name: value for name, value in cfg.mapperArgs.items() if name not in lost}
    return {**others, "calibRoot": roots[0]} if roots else others


def _beside(path: str, root: str) -> Iterator[str]:
    """Yield where a path may be now: as it was beside a root, if the tree was moved with it."""
    parts = path.strip("/").split("/")
    above = os.path.dirname(os.path.realpath(root))
    while above != "/":
        yield from (os.path.join(above, *parts[start:]) for start in range(len(parts)))
        above = os.path.dirname(above)


def _guess(path: str, child: Member) -> str:
    """Return a hint where a parent is now; empty if it is nowhere beside the child."""
    for candidate in _beside(path, child.cfg.root):
        is_other = os.path.realpath(candidate) != child.place
        if is_other and repository_cfg.read(candidate) is not None:
            return f"; is it {candidate} now?"
    return ""


def open_chain(
    inputs: Sequence[RepositoryArgs],
    outputs: Sequence[RepositoryArgs],
    trust: Sequence[str] = (),
    calibs: Mapping[str, str] = {},
    force: bool = False,
) -> Chain:
    """Open the repositories that a Butler is told of; see `Opening`."""
    return Opening(inputs, outputs, trust, calibs, force).chain()


def open_one(
    root: str,
    mapper: Any,
    trust: Sequence[str],
    arguments: Mapping[str, Any],
    calibs: Mapping[str, str] = {},
    mode: str = "rw",
    force: bool = False,
) -> Chain:
    """Open one repository to read and write, as Gen2's older form ``Butler(root, mapper)`` does.

    What is not there is not made: that waits until something is put, and so does the question
    whether that is allowed. With mode ``r``, nothing can be put.

    Raises
    ------
    RepositoryError
        If the mode is another one.
    """
    if mode not in ("r", "rw"):
        raise RepositoryError(f"mode={mode!r}: a Butler on a root has 'rw', or 'r' to read only")
    args = RepositoryArgs(cfgRoot=root, mapper=mapper, mapperArgs=dict(arguments) or None)
    opening = Opening([args], [], trust, calibs, force)
    chain = opening.chain()
    return chain if mode == "r" else Chain(chain.inputs, chain.inputs[:1], opening.write_new)
