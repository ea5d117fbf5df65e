"""A demonstration: sample data are generated, ingested, looked up, read, processed and shown."""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence

from obs_decam.sample import calibs as generate_calibs
from obs_decam.sample import curated, generate, refcat
from persistence import Butler
from persistence.cli import ingest_calibs, ingest_curated, ingest_images, picture
from persistence.tasks.process_ccd import ProcessCcdTask


def main(argv: Sequence[str] | None = None) -> int:
    """Run a demonstration in a directory, ``demo`` by default; running it again does no harm.

    ``--transients`` is the one of `obs_decam.sample.transients`.
    """
    words = sys.argv[1:] if argv is None else list(argv)
    folders = [word for word in words if word != "--transients"]
    if len(folders) > 1 or any(word.startswith("-") for word in folders):
        print("usage: demo [--transients] [DIRECTORY]", file=sys.stderr)
        return 2
    folder = folders[0] if folders else "demo"
    if len(folders) < len(words):
        from obs_decam.sample import transients  # lazy: it needs SQLAlchemy

        return transients.main(folder)
    root = os.path.join(folder, "repo")
    os.makedirs(root, exist_ok=True)
    with open(os.path.join(root, "_mapper"), "w", encoding="utf-8") as stream:
        stream.write("lsst.obs.decam.DecamMapper\n")

    print(f"Making raw exposures in {folder}/raw ...")
    paths = generate.write(os.path.join(folder, "raw"), [(410877, "g"), (410878, "r")])
    print("\n".join(f"  {path}" for path in paths))

    print(f"\nIngesting them:  ingestImages.py {root} '{folder}/raw/*.fits.fz'")
    if ingest_images.main([root, *paths]) != 0:
        return 1

    print(
        "\nValues in the registry:  butler.queryMetadata('raw', ['visit', 'filter', 'date', "
        "'expTime'])"
    )
    butler = Butler(root)
    for row in butler.queryMetadata("raw", ["visit", "filter", "date", "expTime"]):
        print("  " + "  ".join(map(str, row)))
    print(f"  ({len(butler.queryMetadata('raw', ['visit', 'ccdnum']))} detectors in all)")

    print("\nOne of them:  butler.get('raw', visit=410877, ccdnum=28)")
    exposure = butler.get("raw", visit=410877, ccdnum=28)
    print(exposure)
    print("\nIts amplifiers:  exposure.detector.amplifiers")
    detector = exposure.detector
    assert detector is not None  # each header of DECam names one
    for amplifier in detector.amplifiers:
        print(
            f"  {amplifier.name}  gain {amplifier.gain} e/adu  data {amplifier.data}  overscan "
            f"{amplifier.overscan}"
        )

    calibs = os.path.join(root, "CALIB")
    os.makedirs(calibs, exist_ok=True)
    print(
        f"\nIngesting master calibrations:  ingestCalibs.py {root} --calib {calibs} --validity 365 "
        "..."
    )
    masters = generate_calibs.write_masters(
        os.path.join(folder, "calibs"),
        kinds=["bias", "flat"],
        dates=["2014-02-20", "2014-03-10"],
        chips=[28],
        size="small",
    )
    if (
        ingest_calibs.main(
            [root, *masters, "--calib", calibs, "--validity", "365", "--mode", "link"]
        )
        != 0
    ):
        return 1
    print("\nThe bias of that night, and why:  butler.explain('bias', visit=410877, ccdnum=28)")
    print(Butler(root, calibRoot="CALIB").explain("bias", visit=410877, ccdnum=28))

    if _process(folder, root, calibs) != 0:
        return 1
    picture.write(exposure, os.path.join(folder, "raw-410877-28.png"))
    print(f"\nPictures of both are in {folder}/raw-410877-28.png and calexp-410877-28.png")
    return 0


def _process(folder: str, root: str, calibs: str) -> int:
    """Process one detector, and print the results beside the truth."""
    curated.write_curated(
        os.path.join(folder, "calibs"), kinds=["defects"], chips=[28], size="small"
    )
    if (
        ingest_curated.main(
            [root, os.path.join(folder, "calibs", "decam", "defects"), "--calib", calibs]
        )
        != 0
    ):
        return 1
    refcat.write_refcat(os.path.join(root, "ref_cats", "invented"), [410877])
    words = ["--calib", calibs, "--rerun", "processed", "--id", "visit=410877", "ccdnum=28"]
    words += ["-c", "calibrate.refCat=invented"]
    print(f"\nProcessing it:  processCcd.py {root} {' '.join(words)}", flush=True)
    ProcessCcdTask.parseAndRun([root, *words])
    butler = Butler(os.path.join(root, "rerun", "processed"))
    calexp = butler.get("calexp", visit=410877, ccdnum=28)
    src = butler.get("src", visit=410877, ccdnum=28)
    print(
        f"\nWhat it has become:  Butler('{root}/rerun/processed').get('calexp', visit=410877, "
        "ccdnum=28)"
    )
    print(calexp)
    truth = generate.truth(410877, "g", 28)
    print(
        f"  {len(src)} sources; zero point {calexp.zero_point:.3f} mag, the truth is "
        f"{truth.seen.zero_point:.3f}"
    )
    picture.write(calexp, os.path.join(folder, "calexp-410877-28.png"))
    return 0


if __name__ == "__main__":
    sys.exit(main())
