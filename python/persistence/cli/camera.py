"""``persistence camera``: check a camera's file on raw files, or draft a new one."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING, Any

from persistence.cli import output
from persistence.cli.usage import NONE, WrongUse

if TYPE_CHECKING:
    from persistence.cameras.mapper import Mapper
    from persistence.ingest.trial import Tried

REPOSITORY = NONE
EXAMPLES = {
    "new --from 'raws/*.fits' -o my_camera.yaml": "draft the file of a new camera",
    "check my_camera.yaml --try raws/a.fits raws/b.fits": "print what the file makes of two raws",
}


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add ``check`` and ``new``, and their options."""
    parser.description = (
        "check FILE: print what a camera's file defines, and, with --try, the result for raw "
        "files: their paths, registry rows, amplifiers, filter and times, and missing cards. new "
        "--from FITS ...: draft a file of a new camera from headers."
    )
    parser.add_argument("action", metavar="check|new", choices=[*_ACTIONS], help="the action")
    parser.add_argument(
        "file", metavar="FILE", nargs="?", help="for check: the camera's YAML file, or its name"
    )
    parser.add_argument(
        "--try", dest="tried", nargs="+", metavar="FITS", default=[], help="for check: raw files"
    )
    parser.add_argument(
        "--from", dest="sources", nargs="+", metavar="FITS", default=[],
        help="for new: raw files of the camera; the more, the better",
    )  # fmt: skip
    parser.add_argument(
        "-o",
        "--output",
        metavar="FILE",
        help="for new: the file to write; by default it is printed",
    )


def run(repository: None, arguments: argparse.Namespace) -> int:
    """Run the action; return 1 if a file could not be ingested or read."""
    return _ACTIONS[arguments.action](arguments)


def _check(arguments: argparse.Namespace) -> int:
    from persistence.cameras import installed  # slow, as all below: not for --help
    from persistence.ingest import trial

    if arguments.file is None or arguments.sources or arguments.output is not None:
        raise WrongUse(
            "a camera's file is required: persistence camera check FILE [--try FITS ...]"
        )
    camera = installed.camera(arguments.file)
    about = _about(camera)
    tried = [*trial.files(camera, arguments.tried)] if arguments.tried else []
    rows = [{"what": "camera", **about}, *({"what": "file", **_row(each)} for each in tried)]
    if arguments.format != "table":
        output.write(rows, arguments.format)
    else:
        for row in rows:
            output.lines(_block(row))
    return 1 if any(each.problem for each in tried) else 0


def _block(row: dict[str, Any]) -> list[str]:
    """Return a camera, or a file, as lines: its name, and its properties."""
    _, name, *known = row.values()
    _, _, *labels = row
    width = max(map(len, labels))
    lines = [output.cell(name)]
    for label, value in zip(labels, known, strict=True):
        if value in (None, "", [], {}):
            continue
        for position, text in enumerate(_texts(value)):
            lines.append(f"  {label if not position else '':{width}}  {text}")
    return lines


def _texts(value: Any) -> list[str]:
    """Return a value as lines."""
    if isinstance(value, dict):
        return [", ".join(f"{key} {output.cell(each)}" for key, each in value.items())]
    if isinstance(value, list):
        return [
            "  ".join(
                f"{key}={output.cell(item)}" for key, item in each.items() if item is not None
            )
            if isinstance(each, dict)
            else output.cell(each)
            for each in value
        ]
    return [output.cell(value)]


def _about(camera: type[Mapper]) -> dict[str, Any]:
    """Return the properties of a camera's file, in short."""
    from persistence.ingest import config

    mapper = camera()
    policy, settings = mapper.policy, mapper.policy.settings
    known = None if camera.ingestFile is None else config.load(camera.ingestFile)
    own = [each for each in policy.types.values() if each.template and each.name in _own(policy)]
    section = settings.get("ingestCalibs", {})
    calibrated = section.get("register", {}).get("tables", [])
    curated = section.get("curated", {}).get("register", {}).get("tables", [])
    return {
        "camera": policy.path,
        "builds on": [base.path for base in policy.bases],
        "raw": _template(mapper, "raw"),
        "keys": {key: kind.__name__ for key, kind in mapper.getKeys("raw").items()}
        if mapper.knows("raw")
        else {},
        "dataset types": len(own),
        "registry": None if known is None else dict(known.register.columns),
        "unique": None if known is None else ", ".join(known.register.unique),
        "read only": "there is no section ingest" if known is None else None,
        "calibrations": ", ".join((*calibrated, *(f"{name} (curated)" for name in curated))),
        "filters": ", ".join(map(str, mapper.translator.filters)),
        "detectors": len(mapper.detector_names) or None,
        "layouts": [
            f"{layout}: {', '.join(each.hdu or each.name for each in layout.amplifiers)}"
            for layout in mapper.layouts
        ],
        "geometries": [
            f"{entry['valid'][0] or '...'} to {entry['valid'][1] or '...'}"
            for entry in settings.get("geometry", {}).get("versions", ())
        ],
    }


def _own(policy: Any) -> set[str]:
    from persistence.policy.section import SECTIONS, split_names

    return {
        name for layer in policy.layers for key in SECTIONS for name in split_names(layer.get(key))
    }


def _template(mapper: Any, name: str) -> str | None:
    dataset = mapper.types.get(name)
    return None if dataset is None or dataset.template is None else dataset.template.text


def _row(tried: Tried) -> dict[str, Any]:
    """Return the result for a file."""
    row: dict[str, Any] = {
        "file": tried.file,
        "problem": tried.problem or None,
        "goes to": tried.path or None,
        "rows": [dict(each) for each in tried.rows],
    }
    exposure = tried.exposure
    if exposure is not None and hasattr(exposure, "visit_info"):
        info, detector = exposure.visit_info, exposure.detector
        row |= {
            "pixels": " x ".join(map(str, exposure.image.shape[::-1])),
            "filter": None if exposure.filter is None else str(exposure.filter),
            "band": getattr(exposure.filter, "band", None),
            "begins": _moment(info),
            "exposure time": info.exposure_time,
            "detector": None if detector is None else f"{detector.name} ({detector.id})",
            "amplifiers": [_amplifier(each) for each in getattr(detector, "amplifiers", ())],
            "sky": None if exposure.wcs is None else "the header has a WCS",
        }
    row["not understood"] = [
        {"for": f"headers.visit.{name}", "card": card} for name, card in tried.unread.items()
    ]
    row["cards not found"] = [
        {"for": name, "cards": ", ".join(keywords)} for name, keywords in tried.vain.items()
    ]
    return row


def _moment(info: Any) -> str | None:
    date = info.date_begin or info.date_middle
    return None if date is None else f"{date} {info.timescale.upper()}"


def _amplifier(amplifier: Any) -> dict[str, Any]:
    def box(area: Any) -> str:
        return f"[{area.x0}, {area.y0}, {area.width}, {area.height}]"

    return {
        "name": amplifier.name,
        "trimmed": box(amplifier.trimmed),
        "data": box(amplifier.data),
        "overscan": box(amplifier.overscan),
        "gain": amplifier.gain,
        "read_noise": amplifier.read_noise,
        "saturation": amplifier.saturation,
    }


def _new(arguments: argparse.Namespace) -> int:
    import os

    from persistence.files import atomic
    from persistence.ingest import guess

    if not arguments.sources or arguments.file is not None or arguments.tried:
        raise WrongUse("raw files are required: persistence camera new --from FITS ... [-o FILE]")
    text = guess.camera(arguments.sources)
    if arguments.output is None:
        output.lines(text.splitlines())
        return 0
    if os.path.lexists(arguments.output) or not atomic.write_text(
        arguments.output, text, replace=False
    ):
        raise WrongUse(f"{arguments.output} is there already, and stays")
    output.lines(
        [
            f"{arguments.output} is written; read its guesses, then try it:",
            f"  persistence camera check {arguments.output} --try {arguments.sources[0]}",
        ]
    )
    return 0


_ACTIONS = {"check": _check, "new": _new}
