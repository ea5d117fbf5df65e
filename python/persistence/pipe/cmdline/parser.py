"""The command line of a task (doc/gen2/gen2-cli.md, 3.1 to 3.9, 3.14).

Nothing is changed on disk before the whole command line is known to be valid: nothing is created or
removed for a misspelt key, nor by a command that only shows something. (Gen2 created the output,
and removed it first with ``--clobber-output``.)
"""

from __future__ import annotations

import argparse
import contextlib
import importlib
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

from persistence.butler.butler import Butler
from persistence.cli import cameras, places, stdout, wordfiles
from persistence.errors import UsageError, did_you_mean, for_commands
from persistence.pipe.cmdline import clobbering, options, overridefiles, repositories, show
from persistence.pipe.cmdline.containers import DataIdContainer
from persistence.pipe.cmdline.idarguments import DataIdArgument, DynamicDatasetType
from persistence.pipe.cmdline.notes import Notes
from persistence.pipe.logs import Settings, TaskLog

_RESERVED = frozenset({"camera", "config", "butler", "log", "obsPkg"})
_NO_INPUT = _NOT_SHOWN = 1
_INTERRUPTED = 130


class ArgumentParser(argparse.ArgumentParser):
    """The parser for the command line of a task.

    Parameters
    ----------
    name : `str`
        The task's name, as in the names of its files in the camera's ``config``.
    usage : `str`
        The first line of ``--help``.
    **kwargs
        For `argparse.ArgumentParser`.

    Attributes
    ----------
    requireOutput : `bool`
        Whether an output is required.
    objects : `str`
        The classes that the task's Butler returns: see ``types`` of `persistence.Butler`.

    Examples
    --------
    >>> from persistence.pipe.cmdline.parser import ArgumentParser
    >>> parser = ArgumentParser(name="count")
    >>> parser.add_id_argument("--id", "raw", help="the data")
    """

    requireOutput = True
    objects = "astropy"

    def __init__(self, name: str, usage: str = "%(prog)s INPUT [options]", **kwargs: Any) -> None:
        super().__init__(
            usage=usage, **{"formatter_class": argparse.RawDescriptionHelpFormatter, **kwargs}
        )
        self._name = name
        self._dataIdArgDict: dict[str, DataIdArgument] = {}
        self._inputOptions: list[str] = []
        self._which = options.add(self)

    def add_argument(self, *args: Any, **kwargs: Any) -> argparse.Action:
        """Add an argument, as argparse does; it may replace an option that Gen2 lacked."""
        if hasattr(self, "_which"):
            options.give_way(self, args)
        return super().add_argument(*args, **kwargs)

    # -- arguments of a task
    # ------------------------------------------------------------------------------

    def add_id_argument(
        self,
        name: str,
        datasetType: str | DynamicDatasetType,
        help: str,
        level: str | None = None,
        doMakeDataRefList: bool = True,
        ContainerClass: type[DataIdContainer] = DataIdContainer,
    ) -> None:
        """Add an argument that selects data: ``--id visit=1..3 ccdnum=5``.

        Parameters
        ----------
        name : `str`
            The option. The parsed command has the result as an attribute of that name, without
            dashes.
        datasetType : `str` or `DynamicDatasetType`
            The dataset type, or its source.
        help : `str`
            Its help.
        level : `str`, optional
            The level at which datasets are distinguished. Default: the camera's.
        doMakeDataRefList : `bool`
            Whether references to the data are created; otherwise, values of keys stay text.
        ContainerClass : `type`
            The class of the attribute.

        Raises
        ------
        RuntimeError
            If the name is already in use.
        """
        dest = name.lstrip("-")
        if dest in self._dataIdArgDict or dest in _RESERVED:
            raise RuntimeError(f"an ID argument cannot be named {name!r}: that name is in use")
        argument = DataIdArgument(dest, datasetType, level, doMakeDataRefList, ContainerClass)
        self._which.add_argument(
            argument.argName, nargs="*", action=options.IdAction, dest=dest, metavar="KEY=VALUE",
            help=f"{help} (A^B, A..B, A..B:STEP; all, if no key is given; may be repeated)",
        )  # fmt: skip
        if isinstance(datasetType, DynamicDatasetType):
            datasetType.addArgument(self, dest)
        self._dataIdArgDict[dest] = argument

    def addInputOption(self, name: str, help: str) -> None:
        """Add an option for a repository that is read after the input.

        Parameters
        ----------
        name : `str`
            The option, ``--template``.
        help : `str`
            Its help.
        """
        self.add_argument(name, metavar="DIR", help=help)
        self._inputOptions.append(name)

    def addReuseOption(self, choices: Sequence[str]) -> None:
        """Add ``--reuse-outputs-from``, for a task with ordered steps.

        Parameters
        ----------
        choices : sequence of `str`
            The steps; the parsed command's ``reuse`` lists those up to the selected one.
        """
        self.add_argument(
            "--reuse-outputs-from", dest="reuse", choices=[*choices, options.ALL], default=[],
            action=options.ReuseAction, help=("take the outputs of the steps up to this one from "
                                              "an earlier run"),
        )  # fmt: skip

    def handleCamera(self, namespace: argparse.Namespace) -> None:
        """Do what depends on the camera, before the options are parsed; for tasks to override.

        Parameters
        ----------
        namespace : `argparse.Namespace`
            With ``camera``, ``obsPkg``, ``config`` and ``input``.
        """

    # -- parsing
    # ---------------------------------------------------------------------------------------

    def parse_args(  # type: ignore[override]  # Gen2's parameters
        self,
        config: Any,
        args: Sequence[str] | None = None,
        log: Any = None,
        override: Callable[[Any], None] | None = None,
    ) -> argparse.Namespace:
        """Parse a command line.

        Parameters
        ----------
        config : `lsst.pex.config.Config`
            The task's configuration; settings are applied to it, and in the end it is frozen.
        args : sequence of `str`, optional
            The arguments. Default: those of the program.
        log : optional
            The task's log.
        override : callable, optional
            Applied to the configuration after the camera's settings and before those of the command
            line.

        Returns
        -------
        namespace : `argparse.Namespace`
            The values, with a Butler and the references.

        Raises
        ------
        SystemExit
            If there is nothing more to do: 2 if the command line is invalid, 1 if the input is
            missing or a word of ``--show`` is unknown, 0 after ``--show``.
        """
        args = sys.argv[1:] if args is None else list(args)
        self.require_input(args)
        try:
            with for_commands():
                return self._parsed(config, args, log, override)
        except show.NotShown as error:
            self.exit(_NOT_SHOWN, f"{self.prog}: error: {error}\n")
        except UsageError as error:
            self.error(str(error))
        except KeyboardInterrupt:
            self.exit(_INTERRUPTED, f"{self.prog}: interrupted: nothing was run\n")
        except BrokenPipeError:  # the reader, perhaps `head`, closed the pipe
            stdout.let_go()
            self.exit(0)

    def require_input(self, args: Sequence[str]) -> None:
        """Print the help and exit if the input is not the first argument, or for ``--help``.

        Parameters
        ----------
        args : sequence of `str`
            The arguments.

        Raises
        ------
        SystemExit
            If so.
        """
        if args and not args[0].startswith(("-", wordfiles.MARK)):
            return
        self.print_help()
        if list(args) in (["-h"], ["--help"]):
            self.exit(0)
        self.exit(_NO_INPUT, f"{self.prog}: error: the input repository has to be given first\n")

    def _parsed(
        self, config: Any, args: Sequence[str], log: Any, override: Callable[[Any], None] | None
    ) -> argparse.Namespace:
        namespace = argparse.Namespace(
            config=config, log=log or TaskLog(self._name), logSettings=Settings()
        )
        namespace.notes = Notes()
        namespace.input = repositories.found(args[0])
        settings = options.of_cameras(self, args)
        mapper = repositories.mapper_of(namespace.input, **settings)
        repositories.tell_camera(namespace, mapper)
        self.handleCamera(namespace)
        for path in overridefiles.of_camera(mapper, self._name):
            if overridefiles.load_camera(config, path):
                namespace.notes.info(f"Settings of the camera: {path}")
            else:
                namespace.notes.debug(f"The camera has no settings {path}")
        if override is not None:
            override(config)
        for name, argument in self._dataIdArgDict.items():
            setattr(namespace, name, argument.container())
        self._take(namespace, args)
        if cameras.given(namespace) != settings:
            raise UsageError("--mapper and --trust must be written in full: they are parsed first")
        self._act(namespace)
        return namespace

    def _take(self, namespace: argparse.Namespace, args: Sequence[str]) -> None:
        """Parse the arguments with argparse.

        Settings, levels and data IDs are processed immediately, from left to right.
        """
        _, strange = self.parse_known_args(wordfiles.expanded(args), namespace)
        if strange:
            hint = did_you_mean(strange[0].partition("=")[0], options.named(self))
            raise UsageError(f"unrecognized arguments: {' '.join(strange)}{hint}")
        options.finish(namespace)
        given = {name: getattr(namespace, name.lstrip("-")) for name in self._inputOptions}
        namespace.alsoRead = [(name, path) for name, path in given.items() if path is not None]
        where = places.resolved(
            namespace.input, namespace.calib, namespace.output, namespace.rerun,
            **cameras.given(namespace),
        )  # fmt: skip
        for name, value in where._asdict().items():
            setattr(namespace, name, value)
        namespace.logSettings.aside = show.ends(namespace.show)
        namespace.logSettings.apply()
        namespace.notes.tell(namespace.log)
        del namespace.notes

    def _act(self, namespace: argparse.Namespace) -> None:
        """Show what is requested; unless that was all, open the Butler and create references."""
        words = namespace.show or []
        show.check(words)
        ends = show.ends(namespace.show)
        if self.requireOutput and namespace.output is None and not ends:
            raise UsageError("an output is required: pass --output DIR or --rerun NAME")
        looking = repositories.looked_into(namespace)
        if namespace.clobberOutput:
            read = [
                *(repository.root for repository in looking.chain.read),
                *([namespace.calib] if namespace.calib else []),
            ]
            clobbering.check(namespace.output, read)
        show.write(show.told(words, namespace.config))
        self._cast(namespace, looking)
        namespace.butler = looking if ends else _made(namespace, self.objects)
        if not ends or show.DATA in words:
            self._refer(namespace)
        if show.DATA in words:
            show.write(show.data({name: getattr(namespace, name) for name in self._dataIdArgDict}))
        if ends:
            self.exit(0)

    def _cast(self, namespace: argparse.Namespace, butler: Butler) -> None:
        for name, argument in self._dataIdArgDict.items():
            container = getattr(namespace, name)
            container.setDatasetType(argument.getDatasetType(namespace))
            if argument.doMakeDataRefList:
                with _of(argument):
                    container.castDataIds(butler)

    def _refer(self, namespace: argparse.Namespace) -> None:
        for name, argument in self._dataIdArgDict.items():
            if argument.doMakeDataRefList:
                with _of(argument):
                    getattr(namespace, name).makeDataRefList(namespace)


@contextlib.contextmanager
def _of(argument: DataIdArgument) -> Iterator[None]:
    """Prefix errors with the option's name."""
    try:
        yield
    except UsageError as error:
        raise UsageError(f"{argument.argName}: {error}") from error


def _made(namespace: argparse.Namespace, objects: str) -> Butler:
    """Return the Butler, now that the command line is known to be valid."""
    overridefiles.finish(namespace.config)
    if namespace.debug:
        try:
            importlib.import_module("debug")  # the user's own module
        except ImportError as error:
            print(f"Warning: --debug: no module debug: {error}", file=sys.stderr)
    if namespace.clobberOutput:
        namespace.log.info("Removing the contents of %s (--clobber-output)", namespace.output)
        clobbering.empty(namespace.output)
    return repositories.opened(namespace, objects)


class InputOnlyArgumentParser(ArgumentParser):
    """The parser for a task that needs no output.

    Without one, the input may be written to.
    """

    requireOutput = False
