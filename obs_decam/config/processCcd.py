# What processCcd.py does for DECam, where it is not the default.
import os

_here = os.path.dirname(__file__)
config.isr.load(os.path.join(_here, "isr.py"))
config.calibrate.refCat = "ps1_pv3_3pi_20170110"
# Pan-STARRS names its Y filter in lower case.
config.calibrate.filterMap = {"Y": "y"}
config.calibrate.colorterms.load(os.path.join(_here, "colorterms.py"))
