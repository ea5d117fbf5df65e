"""What datasets were made of, when, by whom: written into journals, and asked of them."""
