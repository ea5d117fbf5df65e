"""`IngestTask` and `IngestCalibsTask`, as Gen2's camera packages and programs call them."""

from __future__ import annotations

import argparse
import functools
import os
import sys
import warnings
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from persistence.butler.open import open_one
from persistence.cli import ingest_calibs, ingest_images, ingesting
from persistence.dataids import grammar
from persistence.errors import (
    PersistenceError,
    RepositoryError,
    UnknownKeyWarning,
    for_commands,
)
from persistence.gen2types.butler import Butler
from persistence.ingest.report import Report
from persistence.pipe.cmdline import overridefiles, overrides
from persistence.pipe.task import Later, Task
from persistence.tasks.gen2ingest.planning import Calibrations, Images

_CONFIGS = "persistence.tasks.gen2ingest.configs"


class IngestError(RepositoryError):
    """Files could not be ingested. Gen2 raised a RuntimeError.

    Attributes
    ----------
    pathname : `str`
        The first of them.
    position : `int`
        Which of the files it is.
    """

    def __init__(self, message: str, pathname: str = "", position: int = 0) -> None:
        super().__init__(message)
        self.pathname, self.position = pathname, position


class IngestArgumentParser:
    """The command line of ingest. A subclass that only undoes Gen2's reruns needs nothing here."""

    def __init__(self, name: str = "ingest", **_: Any) -> None:
        self.name = name
        self.parser = self._made()

    def _made(self) -> argparse.ArgumentParser:
        return ingest_images.parser("ingestImages.py", filetypes=False)

    def add_argument(self, *words: Any, **named: Any) -> Any:
        """Add an argument, as `argparse.ArgumentParser.add_argument` does."""
        return self.parser.add_argument(*words, **named)

    def parse_args(self, argv: Sequence[str] | None = None) -> argparse.Namespace:
        """Parse a command line, as `argparse.ArgumentParser.parse_args` does."""
        return self.parser.parse_args(argv)


class IngestCalibsArgumentParser(IngestArgumentParser):
    """The command line of the ingest of calibrations."""

    def _made(self) -> argparse.ArgumentParser:
        return ingest_calibs.parser("ingestCalibs.py")


class IngestTask(Task):
    """Ingest images into a repository, with the subtasks `parse` and `register`."""

    ConfigClass: ClassVar[Any] = Later(_CONFIGS, "IngestConfig")
    ArgumentParser: ClassVar[Any] = IngestArgumentParser
    _DefaultName = "ingest"

    parse: Any
    register: Any

    def __init__(self, *args: Any, **named: Any) -> None:
        super().__init__(*args, **named)
        self.makeSubtask("parse")
        self.makeSubtask("register")
        self._args: Any = None

    @classmethod
    def parseAndRun(cls, argv: Sequence[str] | None = None) -> Any:
        """Run the command line.

        Raises
        ------
        SystemExit
            With its status, if a file fails; see `persistence.cli.ingest_images.main`.
        """
        prog = os.path.basename(sys.argv[0])
        arguments = cls.ArgumentParser(cls._DefaultName).parse_args(argv)
        with for_commands():
            try:
                with ingesting.shown(prog, arguments):
                    repository = ingesting.opened(arguments.root, arguments)
                    task = cls(config=settings(cls, repository.mapper, arguments))
                    report = task.run(namespace(arguments, repository))
            except PersistenceError as error:
                print(f"{prog}: {error}", file=sys.stderr)
                raise SystemExit(ingesting.FAILED) from error
        print(report)
        if report.failed and not task.config.allowError:
            raise SystemExit(ingesting.FAILED)
        return task

    def run(self, args: Any) -> Report:
        """Ingest the files of a parsed command line.

        Returns
        -------
        report : `~persistence.ingest.base.Report`
            What became of each.
        """
        report: Report = self.ours(args).run(args.files)
        return report

    def ours(self, args: Any) -> Any:
        """Return our ingest, configured by this task and its subtasks."""
        from persistence.tasks.gen2ingest import configs

        self.register.refuse_overridden()
        columns = self.config.register.columns
        types = {
            name: {"text": str, "int": int, "double": float}[columns[name]] for name in columns
        }
        bad_ids = [bad_id for words in args.badId for bad_id in grammar.parse(words, types)]
        return Images(
            args.repository,
            configs.ours(self.config, "the camera's config/ingest.py"),
            mode=args.mode,
            bad_files=args.badFile or (),
            bad_ids=bad_ids,
            parse=self.parse,
            destination=functools.partial(_destination, self.parse, args.butler),
            dry_run=args.dryrun,
            create=args.create,
            ignore_ingested=args.ignoreIngested,
            force=args.force,
        )

    # -- as programs call it
    @classmethod
    def prepareTask(
        cls,
        root: str,
        dryrun: bool = False,
        mode: str = "move",
        create: bool = False,
        ignoreIngested: bool = False,
        mapper: Any = None,
        config: Any = None,
    ) -> Any:
        """Return a task for `ingestFiles`, of a repository.

        Parameters
        ----------
        root : `str`
            The repository.
        dryrun, create, ignoreIngested : `bool`, optional
            As the options of the command.
        mode : `str`, optional
            How files are brought to their places. It is ``move``, unlike the command's.
        mapper : optional
            The camera, if the repository does not name an installed one.
        config : optional
            The settings; by default the camera's ``config/ingest.py``.
        """
        words = [root, "-", "--mode", mode]
        arguments = cls.ArgumentParser(cls._DefaultName).parse_args(words)
        arguments.dry_run, arguments.create = dryrun, create
        arguments.ignore_ingested = ignoreIngested
        (repository, *_) = open_one(root, mapper, (), arguments={}).inputs
        if config is None:
            config = settings(cls, repository.mapper, arguments)
        task = cls(config=config)
        task._args = namespace(arguments, repository)
        return task

    def ingestFiles(self, fileList: Any) -> None:
        """Ingest files, with a task that `prepareTask` created.

        Raises
        ------
        IngestError
            If one fails, unless ``allowError``.
        """
        if self._args is None:
            raise RuntimeError("ingestFiles needs a task created by prepareTask")
        files = [fileList] if isinstance(fileList, str) else list(fileList)
        self._args.files = files
        report = self.run(self._args)
        if report.failed and not self.config.allowError:
            path, problem = report.failed[0]
            position = files.index(path) if path in files else 0
            raise IngestError(f"{path}: {problem}", path, position)


class IngestCalibsTask(IngestTask):
    """Ingest calibrations into their root, with the subtasks `parse` and `register`."""

    ConfigClass: ClassVar[Any] = Later(_CONFIGS, "IngestCalibsConfig")
    ArgumentParser: ClassVar[Any] = IngestCalibsArgumentParser
    _DefaultName = "ingestCalibs"

    def ours(self, args: Any) -> Any:
        """Return the task of this package that does the work; see `IngestTask.ours`."""
        from persistence.tasks.gen2ingest import configs

        self.register.refuse_overridden()
        return Calibrations(
            args.repository,
            configs.ours_of_calibs(self.config, "the camera's config/ingestCalibs.py"),
            mode=args.mode,
            root=args.calib,
            days=args.validity,
            rule=args.rule,
            recompute=args.recompute,
            types=tuple(args.types),
            parse=self.parse,
            destination=functools.partial(_destination, self.parse, args.butler),
            dry_run=args.dryrun,
            create=args.create,
            ignore_ingested=args.ignoreIngested,
            force=args.force,
        )


def _destination(parse: Any, butler: Any, info: Mapping[str, Any], path: str) -> str:
    """Return the path that a task computes for a file from its properties."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnknownKeyWarning)
        return os.path.abspath(str(parse.getDestination(butler, info, path)))


def assertCanCopy(fromPath: str, toPath: str) -> None:
    """Check that there is room for a copy of a file.

    Raises
    ------
    RepositoryError
        If there is not.
    """
    room = os.statvfs(os.path.dirname(os.path.abspath(toPath)))
    size = os.stat(fromPath).st_size
    if size > room.f_bavail * room.f_frsize:
        raise RepositoryError(
            f"{toPath}: there is not enough space for the {size} bytes of {fromPath}"
        )


def work(
    name: str, arguments: argparse.Namespace, repository: Any
) -> tuple[Images | Calibrations, bool]:
    """Return the ingest of our commands for a camera package of Gen2, with its settings.

    Parameters
    ----------
    name : `str`
        ``ingest`` or ``ingestCalibs``.
    arguments : `argparse.Namespace`
        The command line.
    repository : `Repository`
        A repository whose camera is a package of Gen2.

    Returns
    -------
    work, allow_errors
        An object with ``run(files)``; and whether files may fail.
    """
    cls = IngestCalibsTask if name == IngestCalibsTask._DefaultName else IngestTask
    task = cls(config=settings(cls, repository.mapper, arguments))
    return task.ours(namespace(arguments, repository)), task.config.allowError


def settings(cls: type[IngestTask], mapper: Any, arguments: argparse.Namespace) -> Any:
    """Return the settings of a task: its own, the camera's, and those of the command line."""
    config = cls.ConfigClass()
    for path in overridefiles.of_camera(type(mapper), cls._DefaultName):
        overridefiles.load_camera(config, path)
    for path in arguments.config_file:
        overridefiles.load(config, path)
    for word in arguments.config:
        overrides.assign(config, word)
    overridefiles.finish(config)
    return config


def namespace(arguments: argparse.Namespace, repository: Any) -> argparse.Namespace:
    """Return a command line as Gen2's tasks have it, with a Butler."""
    args = argparse.Namespace(**vars(arguments))
    args.dryrun, args.ignoreIngested = arguments.dry_run, arguments.ignore_ingested
    args.input = args.output = args.rawInput = arguments.root
    args.repository = repository
    values = {}
    if hasattr(arguments, "calib"):
        args.calib = ingesting.calib_root(arguments.root, arguments.calib, arguments.output)
        values["calibRoot"] = os.path.abspath(args.calib)
    args.badId, args.badFile = getattr(arguments, "badId", []), getattr(arguments, "badFile", [])
    args.butler = Butler(arguments.root, mapper=type(repository.mapper), **values)
    return args
