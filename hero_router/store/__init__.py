"""Everything that uses Redis; no other package imports the Redis library.

Errors of Redis are raised as `StoreError`.
"""
