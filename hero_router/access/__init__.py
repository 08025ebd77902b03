"""Who asks, and what they may see: principals and the policy over them. Knows no HTTP."""
