"""What scripts call of lsst.utils."""

from __future__ import annotations

import pytest

from persistence.compat import stacktests
from persistence.compat.stackutils import continueClass, getPackageDir, inheritDoc
from persistence.errors import PersistenceError


class Continued:
    old = 1


def test_a_package_is_where_its_variable_says(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OBS_TEST_DIR", "/stack/obs_test")
    assert getPackageDir("obs_test") == "/stack/obs_test"
    with pytest.raises(LookupError, match="did you mean 'obs_test'") as caught:
        getPackageDir("obs_tets")
    assert isinstance(caught.value, PersistenceError)


def test_a_class_is_continued() -> None:
    original = Continued
    addition = type("Continued", (), {"new": 2, "__module__": __name__})
    assert continueClass(addition) is original
    assert (original.old, original().new) == (1, 2)  # type: ignore[attr-defined]


def test_a_method_inherits_its_documentation() -> None:
    class Base:
        def run(self) -> None:
            """Run it."""

    class Own:
        @inheritDoc(Base)
        def run(self) -> None:
            """Faster."""

    assert Own.run.__doc__ == "Run it.\n\nFaster."


@pytest.mark.parametrize("writes", [True, False])
def test_a_file_of_a_test_is_there_for_a_block(writes: bool) -> None:
    _write_or_not(writes, expected=writes)
    with pytest.raises(RuntimeError, match=r"test\.txt"):
        _write_or_not(writes, expected=not writes)


def _write_or_not(writes: bool, expected: bool) -> None:
    with stacktests.getTempFilePath(".txt", expected) as path:
        if writes:
            with open(path, "w") as stream:
                stream.write("x")
