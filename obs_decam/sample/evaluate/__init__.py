"""How good processCcd is: `python -m obs_decam.sample.evaluate`, on fields whose truth is known."""
