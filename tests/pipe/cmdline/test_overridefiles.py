"""Files of settings: the user's, and the camera's."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from obs_decam import DecamMapper
from persistence import CameraMapper, Mapper
from persistence.cameras.yaml_camera import mapper_class
from persistence.errors import UsageError
from persistence.pipe.cmdline import overridefiles


@pytest.fixture
def written(tmp_path: Path) -> Any:
    """Return a function that writes a file of settings."""

    def write(text: str, name: str = "settings.py") -> str:
        path = tmp_path / name
        path.write_text(text)
        return str(path)

    return write


def test_a_file_is_python_with_the_configuration(config: Any, written: Any) -> None:
    loop = "for name in ('a', 'b'):\n    config.names.append(name)\n"
    overridefiles.load(
        config, written(f"import os\n{loop}config.label = os.path.basename(__file__)\n")
    )
    assert (list(config.names), config.label) == (["a", "b"], "settings.py")


def test_a_file_may_begin_with_a_mark_of_byte_order(config: Any, written: Any) -> None:
    overridefiles.load(config, written("\ufeffconfig.gain = 5.0"))
    assert config.gain == 5.0


def test_a_file_may_load_another_beside_it(config: Any, written: Any) -> None:
    written("config.gain = 5.0", "inner.py")
    load = "config.load(os.path.join(os.path.dirname(__file__), 'inner.py'))"
    overridefiles.load(config, written(f"import os\n{load}\nconfig.kind['other'].numRings = 8"))
    assert (config.gain, config.kind["other"].numRings) == (5.0, 8)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (
            "config.gain = 2.0\nconfig.gian = 1.0\n",
            "settings.py, line 2: AttributeError: .* has no attribute gian",
        ),
        ("\n\nconfig.gain = 'x'\n", "settings.py, line 3: gain: Value x is of incorrect type str"),
        (
            "config.isr.doBias = 1\n",
            "settings.py, line 1: isr.doBias: Value 1 is of incorrect type int",
        ),
        ("x = 1\nif x\n", "settings.py, line 2: expected ':'"),
        (
            "def f():\n    return 1 / 0\n\nf()\n",
            "settings.py, line 2: ZeroDivisionError: division by zero",
        ),
        (
            "import none_such\n",
            "settings.py, line 1: ModuleNotFoundError: No module named 'none_such'",
        ),
        ("import sys\nsys.exit(3)\n", "settings.py, line 2: SystemExit: 3"),
        (
            "class E(Exception):\n    __str__ = None\n\nraise E\n",
            "settings.py, line 4: E: its text is not available",
        ),
        ("raise ValueError('no')\n", "settings.py, line 1: ValueError: no"),
        ("x = 'a\0b'", "settings.py: .*null bytes"),
    ],
)
def test_a_file_that_fails_is_told_with_its_line(
    config: Any, written: Any, text: str, message: str
) -> None:
    with pytest.raises(UsageError, match=f"^-C .*{message}"):
        overridefiles.load(config, written(text))


def test_a_file_that_cannot_be_read_is_told(config: Any, written: Any, tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"-C none\.py cannot be read: No such file"):
        overridefiles.load(config, "none.py")
    Path(written("")).write_bytes(b"\xff")
    with pytest.raises(UsageError, match="is not UTF-8 text"):
        overridefiles.load(config, str(tmp_path / "settings.py"))
    with pytest.raises(
        UsageError, match=r"is a directory, not a file of settings; it has settings.py"
    ):
        overridefiles.load(config, str(tmp_path))


def test_the_cameras_files_lie_in_its_package(monkeypatch: pytest.MonkeyPatch) -> None:
    folder = Path(str(DecamMapper.policyFile)).parents[1] / "config"
    expected = [str(folder / "isr.py"), str(folder / "decam/isr.py")]
    assert overridefiles.of_camera(DecamMapper, "isr") == expected
    monkeypatch.setenv("OBS_DECAM_DIR", "/obs")
    assert overridefiles.of_camera(DecamMapper, "isr") == [
        "/obs/config/isr.py",
        "/obs/config/decam/isr.py",
    ]


def test_a_camera_without_a_package_has_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "cam.yaml").write_text("datasets: {one: {template: one, storage: TextStorage}}\n")
    # What lies beside a camera's file, perhaps in a repository, is not executed.
    (tmp_path / "config").mkdir()
    file_camera = mapper_class(str(tmp_path / "cam.yaml"))
    assert [overridefiles.of_camera(one, "isr") for one in (file_camera, Mapper, CameraMapper)] == [
        [],
        [],
        [],
    ]
    monkeypatch.setenv("CAM_DIR", "/cam")
    assert overridefiles.of_camera(file_camera, "isr")[0] == "/cam/config/isr.py"


def test_a_camera_need_not_have_a_file_for_a_task(
    config: Any, written: Any, tmp_path: Path
) -> None:
    assert overridefiles.load_camera(config, str(tmp_path / "none.py")) is False
    assert overridefiles.load_camera(config, written("config.gain = 3.0")) is True
    assert config.gain == 3.0
    with pytest.raises(UsageError, match=r"^the camera's settings .*settings.py, line 1"):
        overridefiles.load_camera(config, written("config.gain = ''"))


def test_a_configuration_that_is_fit_is_frozen(config: Any) -> None:
    overridefiles.finish(config)
    with pytest.raises(ValueError, match="frozen"):
        config.gain = 2.0


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("gain", None, "the configuration is not valid: gain: Required value cannot be None"),
        ("label", "bad", "the configuration is not valid: label: it is bad"),
    ],
)
def test_one_that_is_not_is_refused_by_its_field(
    config: Any, name: str, value: Any, message: str
) -> None:
    setattr(config, name, value)
    with pytest.raises(UsageError, match=f"^{message}$"):
        overridefiles.finish(config)
