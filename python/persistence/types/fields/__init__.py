"""Values that vary over an image or with wavelength: fields, backgrounds, transmission curves."""
