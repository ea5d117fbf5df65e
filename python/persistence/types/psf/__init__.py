"""Point spread functions, and the kernels and functions that they consist of."""
