"""Point spread functions, the kernels and functions that they are made of."""
