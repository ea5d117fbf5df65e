"""Messages that wait for their log."""

from __future__ import annotations

import logging
from typing import Any

from persistence.pipe.cmdline.notes import Notes


def test_messages_are_told_once_in_their_order_and_as_they_are(caplog: Any) -> None:
    notes, log = Notes(), logging.getLogger("toy")
    notes.info("100 %s")
    notes.debug("two")
    notes.warning("three")
    assert caplog.messages == []
    with caplog.at_level(logging.INFO):
        notes.tell(log)
        notes.tell(log)
    assert [(record.levelname, record.message) for record in caplog.records] in (
        [("INFO", "100 %s"), ("WARNING", "three")],
        [("INFO", "100 %s"), ("WARN", "three")],  # as pipe.logs calls it
    )
