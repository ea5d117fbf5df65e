"""TAB in a real IPython shell."""

from __future__ import annotations

import types
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from persistence import Butler, Config, Mask, PropertySet
from persistence.butler.ipython import completions
from persistence.types.table.catalog import Catalog

pytest.importorskip("IPython", reason="pip install ipython")


class Shell:
    def __init__(self, shell: Any) -> None:
        self.shell = shell

    def __call__(self, code: str) -> list[str]:
        """Return what TAB offers at the end of some code: the whole lines that it leads to."""
        from IPython.core.completer import provisionalcompleter

        with provisionalcompleter():
            found = list(self.shell.Completer.completions(code, len(code)))
        return [code[: one.start] + one.text + code[one.end :] for one in found]


@pytest.fixture(scope="module")
def shell(filled: Any, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shell]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("IPYTHONDIR", str(tmp_path_factory.mktemp("ipython")))
        from IPython.core.interactiveshell import InteractiveShell
        from traitlets.config import Config as Settings

        settings = Settings()
        settings.HistoryManager.enabled = False
        settings.Completer.use_jedi = False
        made = InteractiveShell(config=settings)
        made.extension_manager.load_extension("persistence")
        catalog = Catalog({"id": [1], "base_Centroid_x": [1.0], "base_Centroid_flag": [True]})
        catalog.meta["aliases"] = {"slot_Centroid": "base_Centroid"}
        butler = Butler(filled)
        made.user_ns |= {
            "butler": butler,
            "self": types.SimpleNamespace(butler=butler),
            "ref": next(iter(butler.subset("raw"))),
            "catalog": catalog,
            "mask": Mask(np.zeros((2, 2), np.int32), {"BAD": 0, "CR": 3}),
            "config": Config({"isr.doBias": True, "isr.doFlat": True, "n": 1}),
            "metadata": PropertySet({"a.b": 1, "c": 2}),
            "rows": butler.query("raw"),
            "other": object(),
        }
        yield Shell(made)


@pytest.mark.parametrize(
    ("code", "offered"),
    [
        ("catalog['slot", ["catalog['slot_Centroid_flag", "catalog['slot_Centroid_x"]),
        ("catalog['base_Centroid_f", ["catalog['base_Centroid_flag"]),
        ("mask['C", ["mask['CR"]),
        ("config['isr.do", ["config['isr.doBias", "config['isr.doFlat"]),
        ("config.is", ["config.isr"]),
        ("metadata['a", ["metadata['a", "metadata['a.b"]),
        ("rows['vi", ["rows['visit"]),
        ("butler.get('calexpB", ["butler.get('calexpBackground"]),
        ("x = self.butler.get('calexpB", ["x = self.butler.get('calexpBackground"]),
        ('ref.get("calexpB', ['ref.get("calexpBackground']),
        ("butler.put(x, 'calexpB", ["butler.put(x, 'calexpBackground"]),
        ("butler.get('calexp_b", ["butler.get('calexp_bbox"]),
        ("butler.subset('calexp_b", []),
        ("butler.get('raw', vi", ["butler.get('raw', visit="]),
        ("butler.get('raw', visit=410877, vi", []),
        ("butler.get('raw', visit=", ["butler.get('raw', visit=410877", "butler.get('raw', visit=410878"]),
        ("butler.get('raw', visit=410877, filter='", ["butler.get('raw', visit=410877, filter='g"]),
        ("butler.get('nothing', visit=", []),
        ("butler.get('raw', vizit=1, visit=", []),
        ("other.get('calexpB", []),
        ("nobody.get('calexpB", []),
    ],
)  # fmt: skip
def test_tab_offers_what_is_there(shell: Shell, code: str, offered: list[str]) -> None:
    words = [word.rstrip("'\"])") for word in shell(code)]
    wanted = {word.rstrip("'\"])") for word in offered}
    if offered:
        assert wanted <= set(words)
        assert len(set(words)) == len(wanted)
    else:
        assert completions(code, shell.shell.user_ns)[1] == []


def test_no_code_of_others_runs_for_tab() -> None:
    class Trap:
        @property
        def butler(self) -> Any:
            raise AssertionError("it was asked")

    assert completions("trap.butler.get('c", {"trap": Trap()}) == ("", [])
