"""`hero_router web` with a chosen worker class: `python -m benchmarks.worker AsyncioWorker …`."""

import sys

from hero_router.cli import main
from hero_router.server import gunicorn, worker

if __name__ == "__main__":
    vars(gunicorn)["Worker"] = getattr(worker, sys.argv.pop(1))
    sys.argv.insert(1, "web")
    main()
