"""Reference catalogs in shards of the sky, and the triangular mesh that numbers the shards."""
