# What brings catalogs' magnitudes to DECam's filters, for stars of all types in the mean.
# Source: the numbers of obs_decam (config/colorterms.py of 2022), by Song Huang, of the stellar
# spectra of Pickles' atlas. They hold for colours of -1 to 1.0 (z), 1.2 (g), 1.4 (i), 2.2 (r).
# Of u and Y there are none.
from persistence.tasks.colorterms import Colorterm

config.data = {
    "ps1*": {
        "g": Colorterm(primary="g", secondary="r", c0=0.006388, c1=0.045875, c2=-0.004484),
        "r": Colorterm(primary="r", secondary="i", c0=-0.006775, c1=-0.187304, c2=0.018928),
        "i": Colorterm(primary="i", secondary="z", c0=0.0012204, c1=-0.282956, c2=-0.011321),
        "z": Colorterm(primary="z", secondary="y", c0=-0.0087868, c1=-0.5204795, c2=-0.057955),
    },
    "sdss*": {
        "g": Colorterm(primary="g", secondary="r", c0=-0.008015, c1=-0.089869, c2=-0.018398),
        "r": Colorterm(primary="r", secondary="i", c0=-0.0077434, c1=-0.202615, c2=0.016042),
        "i": Colorterm(primary="i", secondary="z", c0=0.00018887, c1=-0.2748281, c2=-0.029417),
        "z": Colorterm(primary="z", secondary="i", c0=-0.0059858, c1=0.1131192, c2=0.0156471),
    },
}
