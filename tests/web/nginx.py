"""nginx for the tests of proxies in front of the router and of servers behind it."""

import os
import shutil
from pathlib import Path

PATHS = os.environ["PATH"] + ":/usr/sbin"
NGINX = shutil.which("nginx", path=PATHS) or "nginx"


def nginx_command(folder: Path, http: str) -> tuple[str, ...]:
    """Write a configuration with this `http` block to the folder; the command that runs nginx."""
    configuration = folder / "nginx.conf"
    user = "user root;" if os.getuid() == 0 else ""
    configuration.write_text(
        f"""
        {user} daemon off; pid {folder}/pid; error_log stderr; worker_processes 1;
        events {{}}
        http {{
          access_log off; client_body_temp_path {folder}/body;
          {http}
        }}
        """
    )
    return NGINX, "-c", str(configuration), "-p", str(folder)
