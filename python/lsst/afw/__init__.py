import pkgutil

# Every lsst-* package does this, so that all live side by side.
__path__ = pkgutil.extend_path(__path__, __name__)
