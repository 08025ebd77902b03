"""The HTTP addresses, one module for each feature."""
