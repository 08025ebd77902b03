"""How others stream: small servers of the common kinds, for the same frames and the same readers.

Each follows the same Redis stream as the product does, and is written as its library's own
documentation shows it, with uvloop where Python is used: it is to be as good as it can be.
"""
