"""Write the stub of the public names: ``python tests/code/stub.py``, when they have changed."""

from __future__ import annotations

from pathlib import Path

import persistence

STUB = Path(__file__).resolve().parents[2] / "python" / "persistence" / "__init__.pyi"
_HEAD = '"""The public names, for type checkers; written by tests/code/stub.py."""\n\n'


def stub() -> str:
    """Return the text of the stub: each public name with its module, as a name to be used."""
    modules = {
        f"persistence.{module}": names.split() for module, names in persistence.NAMES.items()
    }
    lines = [f"from persistence import {name} as {name}" for name in ("errors", "testing")]
    for module, names in sorted(modules.items()):
        lines += [f"from {module} import {name} as {name}" for name in sorted(names)]
    for name, module in sorted(persistence.MODULES.items()):
        package, _, last = module.rpartition(".")
        lines.append(f"from persistence.{package} import {last} as {name}")
    every = "".join(f"    {name!r},\n" for name in persistence.__all__).replace("'", '"')
    tables = f"__version__: str\n\ndef load_ipython_extension(shell: object) -> None: ...\n\nNAMES: dict[str, str]\nMODULES: dict[str, str]\n__all__ = [\n{every}]\n"
    return _HEAD + "\n".join(lines) + "\n\n" + tables


if __name__ == "__main__":
    STUB.write_text(stub())
