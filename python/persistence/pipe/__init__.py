"""What tasks are made of, and what runs them over many data IDs: Gen2's ``pipe_base``.

Source of the behaviour: gen2-cli 3.9 to 3.14. `persistence.gen2` lends the names to scripts that
were written for ``lsst.pipe.base``.
"""
