"""What is to be logged, kept until the options have said how much is."""

from __future__ import annotations

import logging
from typing import Any


class Notes:
    """Messages that wait for their log."""

    def __init__(self) -> None:
        self._waiting: list[tuple[int, str]] = []

    def debug(self, message: str) -> None:
        """Note what only those who ask want to know."""
        self._waiting.append((logging.DEBUG, message))

    def info(self, message: str) -> None:
        """Note what happens."""
        self._waiting.append((logging.INFO, message))

    def warning(self, message: str) -> None:
        """Note what may not have been meant."""
        self._waiting.append((logging.WARNING, message))

    def tell(self, log: Any) -> None:
        """Log all of it."""
        for level, message in self._waiting:
            log.log(level, "%s", message)
        self._waiting.clear()
