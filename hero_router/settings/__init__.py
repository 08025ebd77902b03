"""Settings of one process: declaration, reading, checks, logging."""
