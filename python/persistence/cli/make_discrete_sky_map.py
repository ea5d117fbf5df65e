"""``makeDiscreteSkyMap.py``: create a tract that covers exposures (doc/gen2/gen2-cli.md, 6.3)."""

from __future__ import annotations

import argparse
import dataclasses
import sys
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from persistence.butler.butler import Butler
from persistence.cli import helptext, skymaps, usage
from persistence.errors import NoResults, PolicyError, did_you_mean
from persistence.skymap import DiscreteSkyMap
from persistence.skymap.config import DiscreteConfig, SkyMapConfig
from persistence.skymap.covering import bounding_circle
from persistence.types.wcs import sphere
from persistence.types.wcs.sphere import Floats

_DEFAULTS = {"coaddName": "deep", "doWrite": True, "doAppend": False, "borderSize": 0.0}
_OF_MAP = "skyMap."
_BASE = tuple(field.name for field in dataclasses.fields(SkyMapConfig))

EXAMPLES = {
    "repo/rerun/night --id visit=410877^410878 -c skyMap.projection=TAN "
    "skyMap.pixelScale=0.263 borderSize=0.1": (
        "a tract that covers two visits, and 0.1 degrees around them"
    ),
    "repo/rerun/night --id visit=410879 -c doAppend=True": "add a tract for another visit",
}


def parser(prog: str) -> argparse.ArgumentParser:
    """Return the parser of the command line."""
    command = argparse.ArgumentParser(
        prog=prog,
        description="Create a sky map of one tract that covers exposures; with -c doAppend=True, "
        "add the tract to the stored one.",
    )
    skymaps.add_options(command)
    usage.add_id(
        command, "which calexps: visit=410877..410879; what is left out comes from the registry"
    )
    helptext.set_up(command, EXAMPLES)
    return command


def main(argv: Sequence[str] | None = None, prog: str = "makeDiscreteSkyMap.py") -> int:
    """Run the command; see `persistence.cli.skymaps.start` for the status."""
    arguments = parser(prog).parse_args(argv)

    def prepare() -> tuple[DiscreteConfig, dict[str, Any]]:
        return configured(skymaps.told(arguments.config, arguments.config_file))

    def act(prepared: tuple[DiscreteConfig, dict[str, Any]]) -> None:
        base, config = prepared
        butler = skymaps.opened(arguments)
        old = _stored(butler, base, config) if config["doAppend"] else DiscreteSkyMap(base)
        ra, dec, radius = bounding_circle(*_corners(butler, arguments.id))
        skymaps.finish(
            butler, old.with_tract(ra, dec, radius + config["borderSize"]), config, arguments.all
        )

    return skymaps.start(prog, arguments, prepare, act)


def configured(settings: Mapping[str, Any]) -> tuple[DiscreteConfig, dict[str, Any]]:
    """Return the settings of the sky map, and the other settings."""
    of_map = {
        name.removeprefix(_OF_MAP): settings[name] for name in settings if name.startswith(_OF_MAP)
    }
    for name in of_map:
        if name not in _BASE:
            raise PolicyError(f"skyMap has no field {name!r}{did_you_mean(name, _BASE)}")
    own = {name: value for name, value in settings.items() if not name.startswith(_OF_MAP)}
    return DiscreteConfig.of({"tractOverlap": 0.0, **of_map}), skymaps.taken(own, _DEFAULTS)


def _stored(butler: Butler, base: DiscreteConfig, config: Mapping[str, Any]) -> DiscreteSkyMap:
    """Return the stored sky map, to which a tract may be added; an empty one if none is stored."""
    name = f"{config['coaddName']}Coadd_skyMap"
    if not butler.datasetExists(name):
        return DiscreteSkyMap(base)
    old = butler.get(name)
    if not isinstance(old, DiscreteSkyMap):
        raise PolicyError(
            f"a tract is added to a discrete sky map; the stored {name} is of kind {old.kind}"
        )
    for field in _BASE:
        if getattr(old.config, field) != getattr(base, field):
            stored = getattr(old.config, field)
            raise PolicyError(
                f"the stored {name} has {field}={stored!r}, not {getattr(base, field)!r}"
            )
    return old


def _corners(butler: Butler, ids: Sequence[Sequence[str]]) -> tuple[Floats, Floats]:
    """Return the corners (deg, ICRS) of exposures; warn of those that have none."""
    corners = []
    for reference in usage.references(butler, "calexp", ids):
        if not reference.datasetExists("calexp"):
            print(
                f"calexp {dict(reference.dataId)} is not there; it is passed over", file=sys.stderr
            )
            continue
        wcs, box = reference.get("calexp_wcs"), reference.get("calexp_bbox")
        if wcs is None:
            print(f"calexp {dict(reference.dataId)} has no WCS; it is passed over", file=sys.stderr)
            continue
        x = box.x0 - 0.5 + box.width * np.array([0, 1, 1, 0])
        y = box.y0 - 0.5 + box.height * np.array([0, 0, 1, 1])
        corners.append(np.transpose(sphere.of_pixels(wcs, x, y)))
    if not corners:
        raise NoResults(
            "No exposures for a tract:", "calexp", {"id": [list(words) for words in ids]}
        )
    ra, dec = np.concatenate(corners).T
    return ra, dec


if __name__ == "__main__":
    sys.exit(main())
