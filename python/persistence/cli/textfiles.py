"""Text files that a command line names."""

from __future__ import annotations

from persistence.errors import UsageError


def read(path: str, called: str) -> str:
    """Read a UTF-8 text file, with or without a byte-order mark.

    Parameters
    ----------
    path : `str`
        The file.
    called : `str`
        Its name in messages, as typed: ``-C settings.py``.

    Returns
    -------
    text : `str`
        The text.

    Raises
    ------
    UsageError
        If it cannot be read, or is not UTF-8.
    """
    try:
        with open(path, encoding="utf-8-sig") as stream:
            return stream.read()
    except OSError as error:
        raise UsageError(f"{called} cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise UsageError(f"{called} is not UTF-8 text: {error}") from error
