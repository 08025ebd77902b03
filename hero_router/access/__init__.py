"""The callers of requests (principals), and the rules for what they may see. No HTTP here."""
