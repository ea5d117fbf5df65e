from .twinMapper import *
