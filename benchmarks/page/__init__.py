"""What the page costs its browser: the longest task of each phase, at full and quarter speed."""
