"""Settings over a configuration, to be applied later."""

from __future__ import annotations

from pathlib import Path

import pytest

pex_config = pytest.importorskip("lsst.pex.config", reason="pip install '.[tasks]'")

from persistence.errors import UsageError  # noqa: E402
from persistence.pipe.cmdline.configoverrides import ConfigOverrides  # noqa: E402


class Inner(pex_config.Config):
    y = pex_config.Field(dtype=float, default=2.5, doc="y")


class Outer(pex_config.Config):
    x = pex_config.Field(dtype=int, default=1, doc="x")
    words = pex_config.ListField(dtype=str, default=["a"], doc="words")
    inner = pex_config.ConfigField(dtype=Inner, doc="inner")


def test_they_are_applied_in_their_order(tmp_path: Path) -> None:
    path = tmp_path / "settings.py"
    path.write_text("config.x = 5\nconfig.inner.y = 7.0\n")
    overrides = ConfigOverrides()
    overrides.addValueOverride("x", 3)
    overrides.addFileOverride(str(path))
    overrides.addValueOverride("inner.y", "8.5")
    overrides.addValueOverride("words", ["b", "c"])
    overrides.addPythonOverride("config.x += 1")
    config = Outer()
    overrides.applyTo(config)
    assert (config.x, config.inner.y, list(config.words)) == (6, 8.5, ["b", "c"])


@pytest.mark.parametrize(
    ("field", "value"), [("z", 1), ("inner.z", 1), ("x", "abc"), ("x", 1.5), ("z.y", 1)]
)
def test_what_does_not_fit_is_an_error(field: str, value: object) -> None:
    overrides = ConfigOverrides()
    overrides.addValueOverride(field, value)
    with pytest.raises(UsageError, match=field.rpartition(".")[2]):
        overrides.applyTo(Outer())


def test_the_tasks_are_shown(capsys: pytest.CaptureFixture[str]) -> None:
    from persistence.pipe.cmdline.show import showTaskHierarchy

    showTaskHierarchy(Outer())
    assert capsys.readouterr().out == "Subtasks:\n"
