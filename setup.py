"""Packaging. The rest is in setup.cfg."""

from glob import glob

from setuptools import setup

setup(scripts=sorted(glob("bin/*.py")))
