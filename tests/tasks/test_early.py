"""What is loaded before there are images."""

from __future__ import annotations

import importlib.util
import sys

import pytest

from persistence.tasks import early


@pytest.mark.parametrize("module", early._MODULES)
def test_each_module_is_there_and_loaded(module: str) -> None:
    """A module that was renamed would be passed over in silence, as libraries that are missing."""
    if importlib.util.find_spec(module.partition(".")[0]) is None:
        pytest.skip(f"{module} is not installed")
    early.load()
    assert module in sys.modules


def test_leap_seconds_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    from astropy.time import core

    monkeypatch.setattr(core, "_LEAP_SECONDS_CHECK", core._LeapSecondsCheck.NOT_STARTED)
    early.load.__wrapped__()
    assert core._LEAP_SECONDS_CHECK is core._LeapSecondsCheck.DONE
