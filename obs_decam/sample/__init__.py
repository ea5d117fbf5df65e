"""Sample data of an invented sky, in the form that DECam writes."""
