"""Text files that a command line names."""

from __future__ import annotations

from persistence.errors import UsageError


def read(path: str, called: str) -> str:
    """Read a text in UTF-8, with or without a mark at its beginning.

    Parameters
    ----------
    path : `str`
        The file.
    called : `str`
        What it is called in messages, as it was typed: ``-C settings.py``.

    Raises
    ------
    UsageError
        If it cannot be read, or is no such text.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read()
    except OSError as error:
        raise UsageError(f"{called} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{called} is no text in UTF-8: {error}") from error
