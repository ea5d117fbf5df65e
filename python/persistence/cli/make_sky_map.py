"""``makeSkyMap.py``: create and store a sky map (doc/gen2/gen2-cli.md, 6.3)."""

from __future__ import annotations

import argparse
import re
import sys
from collections.abc import Mapping, Sequence
from typing import Any

from persistence import skymap
from persistence.cli import helptext, skymaps

_DEFAULTS = {"coaddName": "deep", "doWrite": True, "skyMap": "dodeca"}
# Shells remove the quotes.
_OF_KIND = re.compile(r"""skyMap\[(['"]?)(\w+)\1\]\.(\w+)""")
_OF_ACTIVE = re.compile(r"skyMap\.active\.(\w+)")

EXAMPLES = {
    "repo -c skyMap=rings skyMap[rings].numRings=120 skyMap[rings].projection=TAN": (
        "store a sky map of rings for deep coadds"
    ),
    "repo --rerun maps -c skyMap=healpix coaddName=goodSeeing --all": (
        "store one in a rerun, and print all its tracts"
    ),
}


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(
        prog=prog,
        description="Cut the sky into tracts and patches for coadds, and store this sky map. "
        f"Kinds: {', '.join(skymap.KINDS)}.",
    )
    skymaps.add_options(command)
    helptext.set_up(command, EXAMPLES)
    return command


def main(argv: Sequence[str] | None = None, prog: str = "makeSkyMap.py") -> int:
    """Run the command; see `persistence.cli.skymaps.start` for the status."""
    arguments = parser(prog).parse_args(argv)

    def prepare() -> tuple[skymap.SkyMap, Mapping[str, Any]]:
        return made(skymaps.told(arguments.config, arguments.config_file))

    def act(prepared: tuple[skymap.SkyMap, Mapping[str, Any]]) -> None:
        skymaps.finish(skymaps.opened(arguments), *prepared, arguments.all)

    return skymaps.start(prog, arguments, prepare, act)


def made(settings: Mapping[str, Any]) -> tuple[skymap.SkyMap, Mapping[str, Any]]:
    """Return the sky map for some settings, and the other settings.

    Raises
    ------
    PolicyError
        If a name or a value is invalid, also for a kind of sky map that is not selected.
    """
    own = {("skyMap" if name == "skyMap.name" else name): value for name, value in settings.items()}
    of_kinds: dict[str | None, dict[str, Any]] = {}
    for name in list(own):
        match = _OF_KIND.fullmatch(name) or _OF_ACTIVE.fullmatch(name)
        if match:
            kind = match[2] if match.re is _OF_KIND else None
            of_kinds.setdefault(kind, {})[match[match.re.groups]] = own.pop(name)
    config = skymaps.taken(own, _DEFAULTS)
    chosen: str = config["skyMap"]
    for kind, values in of_kinds.items():
        if kind not in (None, chosen):
            # Settings of other kinds of sky maps are not used, but an unknown name is a mistake all
            skymap.kind_of(str(kind)).config_class.check_names(values)
    return skymap.make(chosen, **{**of_kinds.get(chosen, {}), **of_kinds.get(None, {})}), config


if __name__ == "__main__":
    sys.exit(main())
