"""Log messages that are kept until the log level is known."""

from __future__ import annotations

import logging
from typing import Any


class Notes:
    """Messages to be logged later."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, str]] = []

    def debug(self, message: str) -> None:
        """Keep a message of level DEBUG."""
        self._waiting.append((logging.DEBUG, message))

    def info(self, message: str) -> None:
        """Keep a message of level INFO."""
        self._waiting.append((logging.INFO, message))

    def warning(self, message: str) -> None:
        """Keep a warning."""
        self._waiting.append((logging.WARNING, message))

    def tell(self, log: Any) -> None:
        """Log all messages."""
        for level, message in self._waiting:
            log.log(level, "%s", message)
        self._waiting.clear()
