#!/usr/bin/env python
# PYTHON_ARGCOMPLETE_OK
from persistence.tasks.process_ccd import ProcessCcdTask

if __name__ == "__main__":
    ProcessCcdTask.parseAndRun()
