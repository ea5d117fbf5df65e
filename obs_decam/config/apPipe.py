# What ap_pipe.py does for DECam, where it is not the default.
import os

config.ccdProcessor.isr.load(os.path.join(os.path.dirname(__file__), "isr.py"))
