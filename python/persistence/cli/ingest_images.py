"""``ingestImages.py`` and ``ingestImagesDecam.py``: bring images into a repository."""

from __future__ import annotations

import argparse
import logging
import sys
from collections.abc import Sequence

from persistence.cli import progress
from persistence.cmdline import grammar
from persistence.errors import PersistenceError, PolicyError
from persistence.formatters import config as config_files
from persistence.ingest import config as ingest_config
from persistence.ingest.config import IngestConfig
from persistence.ingest.task import IngestTask
from persistence.opening import open_one
from persistence.repository import Repository

_FAILED, _WRONG_USE, _INTERRUPTED = 1, 2, 130


def parser(prog: str, filetypes: bool) -> argparse.ArgumentParser:
    """Make the parser of the command line; ``filetypes`` adds ``--filetype``."""
    made = argparse.ArgumentParser(
        prog=prog,
        description="Bring images into a repository: each file is linked (or copied, or moved) to its place, and "
        "its data IDs are registered. What is there already stays; ingesting twice does nothing.",
    )
    made.add_argument("root", help="the repository: a directory with a file _mapper")
    made.add_argument("files", nargs="+", help="file names, or patterns in quotes")
    made.add_argument("-n", "--dry-run", action="store_true", help="tell files, places and rows; change nothing")
    made.add_argument("--mode", choices=["move", "copy", "link", "skip"], default="link", help="default: link")
    made.add_argument("--create", action="store_true", help="make the registry's tables anew, without their rows")
    made.add_argument("--ignore-ingested", action="store_true", help="pass silently over files that are registered")
    made.add_argument(
        "--badId", nargs="+", action="append", default=[], metavar="KEY=VALUE", help="pass over matching files"
    )
    made.add_argument("--badFile", nargs="*", default=[], metavar="PATTERN", help="pass over such base names")
    made.add_argument(
        "-c", "--config", nargs="+", action="extend", default=[], metavar="NAME=VALUE",
        help="clobber=True replaces files in the way; allowError=True makes failed files no failure",
    )  # fmt: skip
    made.add_argument(
        "-C", "--config-file", "--configfile", nargs="+", action="extend", default=[], metavar="FILE",
        help="files of such settings: config.clobber = True",
    )  # fmt: skip
    made.add_argument("-j", "--processes", type=_count, default=1, help="how many processes read headers")
    made.add_argument("-L", "--loglevel", nargs="*", default=["WARN"], metavar="LEVEL", help="INFO tells each file")
    if filetypes:
        made.add_argument("--filetype", default="raw", help="raw (default), or instcal: Community Pipeline triples")
    return made


def main(argv: Sequence[str] | None = None, prog: str = "ingestImages.py", filetypes: bool = False) -> int:
    """Run the command.

    Returns
    -------
    status : `int`
        0 if all is in the repository, 1 if a file failed (unless ``allowError``), 2 if the command was
        mistyped, 130 if it was interrupted.
    """
    arguments = parser(prog, filetypes).parse_args(argv)
    try:
        logging.basicConfig(format="%(name)s %(levelname)s: %(message)s", level=_level(arguments.loglevel))
        (repository, *_) = open_one(arguments.root, None, (), {}).inputs
        config = _configured(repository, arguments.config, arguments.config_file)
        keys = config.register.types
        bad_ids = [one for words in arguments.badId for one in grammar.parse(words, keys)]
        task = IngestTask(
            repository,
            config,
            mode=arguments.mode,
            filetype=getattr(arguments, "filetype", "raw"),
            dry_run=arguments.dry_run,
            create=arguments.create,
            ignore_ingested=arguments.ignore_ingested,
            bad_files=arguments.badFile,
            bad_ids=bad_ids,
            processes=arguments.processes,
            progress=progress.track,
        )
    except PersistenceError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return _WRONG_USE
    try:
        report = task.run(arguments.files)
    except PersistenceError as error:
        print(f"{prog}: {error}", file=sys.stderr)
        return _FAILED
    except KeyboardInterrupt:
        print(f"{task.report}\n{prog}: interrupted; run it again to do the rest", file=sys.stderr)
        return _INTERRUPTED
    print(report)
    return _FAILED if report.failed and not config.allowError else 0


def _count(text: str) -> int:
    number = int(text)
    if number < 1:
        raise ValueError
    return number


def _level(words: Sequence[str]) -> int:
    names = logging.getLevelNamesMapping()
    for word in words:
        level = word.rsplit("=", 1)[-1].upper()
        if level not in names:
            raise PolicyError(f"unknown log level {word!r} (known: {', '.join(names)})")
        return names[level]
    return logging.WARNING


def _configured(repository: Repository, words: Sequence[str], paths: Sequence[str]) -> IngestConfig:
    config = ingest_config.load(repository.mapper.ingestFile)
    for path in paths:
        try:
            with open(path, encoding="utf-8") as stream:
                values = config_files.parse(stream.read(), path)
        except OSError as error:
            raise PolicyError(f"{path}: {error.strerror}") from error
        except UnicodeDecodeError as error:
            raise PolicyError(f"{path} is no text in UTF-8 ({error})") from error
        for name, value in values.items():
            config = ingest_config.override(config, name, value)
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not text:
            raise PolicyError(f"-c {word}: write -c NAME=VALUE")
        config = ingest_config.override(config, name, text)
    return ingest_config.checked(config, "the command line")


if __name__ == "__main__":
    sys.exit(main())
