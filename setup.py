"""Packages and scripts of the distribution, as they are found. The rest is in pyproject.toml."""

from glob import glob

from setuptools import find_namespace_packages, setup

# What is imported -> the directory it lies in.
ROOTS = {"": "python", "persistence_policy": "policy", "obs_decam": "obs_decam"}


def packages(name, directory):
    """Return the packages in a directory; the directory itself is one where it has a name."""
    inner = find_namespace_packages(directory, exclude=["*__pycache__*", "*.egg-info*"])
    return [name, *(f"{name}.{package}" for package in inner)] if name else inner


setup(
    packages=[
        package for name, directory in ROOTS.items() for package in packages(name, directory)
    ],
    package_dir=ROOTS,
    scripts=sorted(glob("bin/*.py")),
)
