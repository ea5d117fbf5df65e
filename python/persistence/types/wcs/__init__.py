"""From pixels to the sky: AST mappings, SkyWcs, camera transforms, fits of a FITS WCS."""
