# What ap_pipe.py does for DECam, where it is not the default: it calibrates as processCcd.py does.
import os

config.ccdProcessor.load(os.path.join(os.path.dirname(__file__), "processCcd.py"))
