"""Repositories as they are typed: by their path, or by a name of the user's configuration file."""

from __future__ import annotations

import argparse

from persistence.errors import PolicyError
from persistence.files import mirrors


def repository(given: str) -> str:
    """Return the path of a repository; the ``type`` of arguments.

    See `persistence.files.mirrors.directory`.

    Raises
    ------
    argparse.ArgumentTypeError
        If the user's configuration file says something that cannot be meant.
    """
    try:
        return mirrors.directory(given)
    except PolicyError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
