# What processCcd.py does for DECam, where it is not the default.
import os

config.calibrate.refCat = "ps1_pv3_3pi_20170110"
# Pan-STARRS names its Y filter in lower case.
config.calibrate.filterMap = {"Y": "y"}
config.calibrate.colorterms.load(os.path.join(os.path.dirname(__file__), "colorterms.py"))
