# What ISR does for DECam, where it is not the default.

# The level of the overscan drifts from row to row. One level for all leaves stripes: noise that
# neighbouring pixels share, 4 % more of it in the flux of a point, and in no variance.
# Source: obs_decam's config/isr.py, which sets MEDIAN_PER_ROW. The median of 50 integers has 2.5
# times the variance of their mean, which a whole row shares.
config.overscanFitType = "MEAN_PER_ROW"
# The mean of 50 pixels has a seventh of a pixel's noise. The level drifts slowly enough for this.
config.overscanSmoothing = 2.0
