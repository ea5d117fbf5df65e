# What ISR does for DECam, where it is not the default.

# The level of the overscan drifts from row to row. One level for all leaves stripes: noise that
# neighbouring pixels share, 4 % more of it in the flux of a point, and in no variance.
# Source: obs_decam's config/isr.py, which sets the same.
config.overscanFitType = "MEDIAN_PER_ROW"
# A median of 50 pixels has a fifth of a pixel's noise, and brings it to a whole row. The level
# drifts slowly enough for this.
config.overscanSmoothing = 2.0
