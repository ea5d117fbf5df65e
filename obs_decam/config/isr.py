# What ISR does for DECam, where it is not the default.

# The level of the overscan drifts from row to row. One level for all leaves stripes: noise that
# neighbouring pixels share, 4 % more of it in the flux of a point, and in no variance.
# Source: obs_decam's config/isr.py, which sets the same.
config.overscanFitType = "MEDIAN_PER_ROW"
