"""Commands: one module each, with a function ``main(argv)`` that returns the exit status."""
