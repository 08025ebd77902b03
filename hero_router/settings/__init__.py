"""The settings of one process: declared in sections, read from the environment, checked, shown."""
