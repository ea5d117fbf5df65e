"""``butler.sky``: which data lie where on the sky."""
