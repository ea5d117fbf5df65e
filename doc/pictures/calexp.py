r"""Draw calexp.png, the picture of the README and of the site's first page.

python doc/pictures/calexp.py REPO/rerun/processed doc/pictures/calexp.png

The exposure is made as doc/processing.rst tells, of

    generateDecam.py realistic field --size window --seed 7 --stars 2500 --galaxies 2500 \
        --transients 0 --variables 0 --rays 60

Needs matplotlib, with the Pillow that comes with it; the picture is checked in.
"""

from __future__ import annotations

import sys

import numpy as np
from astropy.visualization import AsinhStretch, ImageNormalize
from matplotlib.colors import to_rgba
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from small import shrink

from persistence import Box, Butler

# A corner of the chip with something of everything, in pixels of the image (0-based).
PART = Box(240, 420, 440, 300)
# The mask planes that are drawn, those that are to be seen best last.
PLANES = {
    "EDGE": "#9aa5b1", "INTRP": "#e8c24a", "BAD": "#b565d8", "SAT": "#e4572e", "CR": "#3fd0c9",
}  # fmt: skip


def draw(root: str, path: str) -> None:
    """Draw a part of a calibrated exposure: its pixels, its mask planes and its sources."""
    butler = Butler(root)
    where = dict(next(iter(butler.query("calexp"))))
    calexp = butler.get("calexp_sub", **where, bbox=PART)
    sources = butler.get("src", **where)

    image = np.asarray(calexp.image)
    noise = 1.4826 * np.nanmedian(np.abs(image - np.nanmedian(image)))
    norm = ImageNormalize(vmin=-2 * noise, vmax=150 * noise, stretch=AsinhStretch(0.02))
    sides = (
        PART.x0 - 0.5,
        PART.x0 + image.shape[1] - 0.5,
        PART.y0 - 0.5,
        PART.y0 + image.shape[0] - 0.5,
    )

    figure = Figure(figsize=(7.6, 5.9), dpi=110, layout="constrained")
    axes = figure.add_subplot()
    shown = {"origin": "lower", "extent": sides, "interpolation": "nearest"}
    axes.imshow(image, norm=norm, cmap="gray", **shown)
    legend = []
    for name, colour in PLANES.items():
        flagged = np.asarray(calexp.mask[name], bool)
        if flagged.any():
            veil = np.zeros((*flagged.shape, 4))
            veil[flagged] = to_rgba(colour, 0.8)
            axes.imshow(veil, **shown)
            legend.append(Patch(color=colour, label=name))
    x, y = np.asarray(sources["slot_Centroid_x"]), np.asarray(sources["slot_Centroid_y"])
    primary = np.asarray(sources["detect_isPrimary"], bool)
    stars = np.asarray(sources["base_ClassificationExtendedness_value"]) < 0.5
    for chosen, colour, label in (
        (primary & stars, "#ffd27f", "point source"),
        (primary & ~stars, "#7fc8ff", "extended source"),
    ):  # fmt: skip
        (line,) = axes.plot(
            x[chosen], y[chosen], "o", ms=11, mfc="none", mec=colour, mew=1.1, label=label
        )
        legend.append(line)
    axes.set(xlim=sides[:2], ylim=sides[2:], xlabel="x (pixels)", ylabel="y (pixels)")
    axes.set_title(
        f"calexp  visit={where['visit']} ccdnum={where['ccdnum']}  {calexp.filter.band} band",
        fontsize=11,
    )
    figure.legend(handles=legend, loc="outside lower center", ncols=6, fontsize=9, frameon=False)
    figure.savefig(path)
    shrink(path)


if __name__ == "__main__":
    draw(*sys.argv[1:3])
