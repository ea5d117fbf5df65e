#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
from persistence.cli.complete import completion

if __name__ == "__main__":
    completion.complete_again()
    from persistence.tasks.forced_phot_diff import ForcedPhotDiffTask

    ForcedPhotDiffTask.parseAndRun()
