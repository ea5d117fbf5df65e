"""How good processCcd is: ``python -m obs_decam.sample.evaluate``."""

from __future__ import annotations

import argparse
import contextlib
import logging
import math
import os
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from obs_decam.sample.evaluate import association as pairs
from obs_decam.sample.evaluate import differences as subtraction
from obs_decam.sample.evaluate import fast, fields, figures, process, wrong
from obs_decam.sample.evaluate.fields import Field
from obs_decam.sample.evaluate.figures import Figure
from obs_decam.sample.evaluate.measures import MEASURES
from obs_decam.sample.realistic import generate
from obs_decam.sample.realistic.scene import Numbers

_SEEINGS = 3.0, 6.0  # px, besides the 4.0 and 5.0 of the seeds
# How much there is on chips of other sizes than the whole.
_NUMBERS = {
    "full": Numbers(transients=300, variables=60),
    "window": Numbers(stars=250, galaxies=310, transients=20, variables=6),
    "small": Numbers(stars=60, galaxies=20, variables=3, faintest=21.0),
}


# What is measured of crowded fields; and the figures of the first day of issue 20 (8ad523c), than
# which they are to be no worse: by number of stars, the scatter (mmag), and shares (percent;
# one less is one or two stars).
_CROWDED = "neighbours", "false", "completeness", "cost"
_MOST = {
    1500: {"scatter": 20.7, "beyond 35 mmag": 5.1, "unflagged above S/N 20": 1.45},
    4000: {"scatter": 19.5, "beyond 35 mmag": 11.0, "unflagged above S/N 20": 0.53},
}
_LEAST = {
    1500: {"S/N 5-7": 51.0, "S/N 7-10": 70.0, "S/N 10-20": 81.0, "S/N 20-50": 87.0},
    4000: {"S/N 5-7": 18.0, "S/N 7-10": 47.0, "S/N 10-20": 59.0, "S/N 20-50": 65.0},
}


class Asked(NamedTuple):
    """The arguments of an evaluation: seeds, size, and the directories read and written."""

    seeds: Sequence[int]
    size: str
    home: str
    work: str
    measures: Sequence[str]


def seeds(options: Asked) -> Iterator[Figure]:
    """Evaluate both epochs of each seed."""
    for seed in options.seeds:
        field = Field(f"seed-{seed}-{options.size}", seed, size=options.size)
        yield from _field(field._replace(numbers=_NUMBERS[options.size]), options)


def seeings(options: Asked) -> Iterator[Figure]:
    """Evaluate other seeings than those of the seeds."""
    visits = tuple(
        dict(generate.VISITS[0], fwhm=fwhm, visit=visit)
        for visit, fwhm in enumerate(_SEEINGS, start=345601)
    )
    field = Field(
        f"seeing-{options.seeds[0]}-{options.size}", options.seeds[0], visits, options.size
    )
    yield from _field(field._replace(numbers=_NUMBERS[options.size]), options)


def crowded(options: Asked) -> Iterator[Figure]:
    """Evaluate fields with many stars."""
    for number in _MOST:
        case = f"{number} stars in 1024^2"
        numbers = Numbers(stars=number, galaxies=100, brightest=14.0)
        visits = (dict(generate.VISITS[0], visit=345610 + number),)
        field = Field(f"crowded-{number}-1", 1, visits, "window", numbers, 10)
        chosen = options._replace(measures=[name for name in options.measures if name in _CROWDED])
        for figure in _field(field, chosen, case):
            low = _LEAST[number].get(figure.name, -math.inf)
            yield figure._replace(low=low, high=_MOST[number].get(figure.name, math.inf))


def _field(field: Field, options: Asked, words: str = "") -> Iterator[Figure]:
    folder = fields.make(field, options.home)
    root = tempfile.mkdtemp(dir=options.work)
    calibs = fields.repository(folder, os.path.join(root, "repo"))
    for epoch in field.visits:
        visit = epoch["visit"]
        truth = fields.truth(field, folder, visit)
        case = words or f"seed {field.seed}, FWHM {truth.seeing.fwhm:.1f} px, {field.size}"
        names = f"visit={visit}", f"ccdnum={fields.CHIP}"
        run = process.process_ccd(os.path.join(root, "repo"), calibs, f"v{visit}", names)
        if run.status != 0:
            lines = " / ".join(run.log.splitlines()[-8:])
            yield Figure(case, "cost", "done", 0.0, low=1.0, note=lines)
            continue
        chip = process.results(run, truth, visit)
        for name in options.measures:
            yield from MEASURES[name](chip, case)


def wrong_inputs(options: Asked) -> Iterator[Figure]:
    """Evaluate invalid inputs."""
    field = Field(f"seed-{options.seeds[0]}-{options.size}", options.seeds[0], size=options.size)
    yield from wrong.evaluate(
        field._replace(numbers=_NUMBERS[options.size]), options.home, options.work
    )


def whole_exposure(options: Asked) -> Iterator[Figure]:
    """Evaluate a whole exposure of the fast sample."""
    yield from fast.evaluate(options.work)


def differences(asked: Asked) -> Iterator[Figure]:
    """Evaluate differences of both epochs of each seed, taken in several ways."""
    chosen = [
        Field(f"seed-{seed}-{asked.size}", seed, size=asked.size, numbers=_NUMBERS[asked.size])
        for seed in asked.seeds
    ]
    yield from subtraction.evaluate(chosen, asked.home, asked.work)


def crowded_differences(asked: Asked) -> Iterator[Figure]:
    """Evaluate differences of a field with many stars."""
    seed = asked.seeds[0]
    numbers = _NUMBERS["full"]._replace(stars=12000)
    chosen = [Field(f"crowded-12000-{seed}-full", seed, numbers=numbers)]
    yield from subtraction.crowded(chosen, asked.home, asked.work)


def association(asked: Asked) -> Iterator[Figure]:
    """Evaluate what becomes of two visits of each seed in the alert database."""
    for seed in asked.seeds:
        field = Field(f"pair-{seed}-{asked.size}", seed, pairs.VISITS, asked.size)
        yield from pairs.evaluate(
            field._replace(numbers=_NUMBERS[asked.size]), asked.home, asked.work
        )


CASES: dict[str, Callable[[Asked], Iterator[Figure]]] = {
    "seeds": seeds,
    "seeings": seeings,
    "crowded": crowded,
    "wrong": wrong_inputs,
    "fast": whole_exposure,
    "differences": differences,
    "crowded-differences": crowded_differences,
    "association": association,
}


def main(argv: Sequence[str] | None = None) -> int:
    """Evaluate processCcd; returns 1 if a goal is missed."""
    parser = argparse.ArgumentParser(
        prog="python -m obs_decam.sample.evaluate",
        description="Process realistic fields, and compare the results with the truth.",
    )
    parser.add_argument("--seeds", type=int, nargs="+", default=[1, 2, 3])
    parser.add_argument("--size", choices=list(_NUMBERS), default="full")
    parser.add_argument("--keep", metavar="DIR", help="where fields are, or are left, for the next")
    parser.add_argument(
        "--only", nargs="+", metavar="NAME", default=[], choices=[*CASES, *MEASURES],
        help=f"cases and measures: {', '.join([*CASES, *MEASURES])}",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    parser.add_argument(
        "--summary", action="store_true", help="print a line for each figure, of all cases"
    )
    parser.add_argument("--missed", action="store_true", help="print only what misses its goal")
    words = parser.parse_args(argv)
    cases = [name for name in CASES if name in words.only] or list(CASES)
    measures = [name for name in MEASURES if name in words.only] or list(MEASURES)
    logging.disable(logging.INFO)
    rows: list[Figure] = []
    with tempfile.TemporaryDirectory(prefix="evaluate-") as work:
        options = Asked(
            words.seeds, words.size, words.keep or os.path.join(work, "fields"), work, measures
        )
        for name in cases:
            # Messages of ingest are not part of the table.
            part = list(_quietly(CASES[name], options))
            rows += part
            if not (words.json or words.summary):
                print(figures.table(part, words.missed), flush=True)
    if words.summary:
        print(figures.summary(rows))
    if words.json:
        print(figures.as_json(rows))
    wanted = [row for row in rows if row.has_goal]
    print(f"{sum(row.is_met for row in wanted)} of {len(wanted)} goals met", file=sys.stderr)
    return int(not all(row.is_met for row in wanted))


def _quietly(case: Callable[[Asked], Iterator[Figure]], options: Asked) -> Iterator[Figure]:
    with contextlib.redirect_stdout(sys.stderr):
        rows: list[Any] = list(case(options))
    yield from rows


if __name__ == "__main__":
    sys.exit(main())
