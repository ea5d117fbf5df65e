"""Commands: one module each, with a ``main(argv)`` that gives the exit status."""
