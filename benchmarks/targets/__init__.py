"""The servers that are measured: the product, the floors, and small servers of other kinds."""
