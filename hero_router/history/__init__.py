"""The history of services: a letter per minute, hour and day, in ring buffers. Pure rules."""
