"""Reference catalogs in shards of the sky, and the triangles that number the shards."""
