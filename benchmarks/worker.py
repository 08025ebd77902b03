"""`hero_router web` with another gunicorn worker class: `python -m benchmarks.worker CLASS …`."""

import sys

from hero_router.cli import main
from hero_router.web import serve

if __name__ == "__main__":
    serve.WORKER = sys.argv.pop(1)
    sys.argv.insert(1, "web")
    main()
