"""The settings of a process: declared in sections, read from environment variables and flags."""
