"""Tasks and the runner that applies them to many data IDs: Gen2's ``pipe_base``.

The behaviour is Gen2's (doc/gen2/gen2-cli.md, 3.9 to 3.14). `persistence.gen2` provides the names
for scripts that were written for ``lsst.pipe.base``.
"""
