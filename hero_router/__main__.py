"""`python -m hero_router` is the same as the command `hero_router`."""

from hero_router.cli import main

if __name__ == "__main__":
    main(prog_name="hero_router")
