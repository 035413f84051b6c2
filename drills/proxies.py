"""A web server in front of Petition, set up as docs/hosts.md says, but for the certificate."""

import contextlib
import shutil
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from time import monotonic, sleep
from typing import Final
from urllib.parse import urlsplit

from drills.failure import DrillError, Unavailable
from drills.ports import free_port
from drills.processes import Running

STARTING_SECONDS: Final = 10.0
NGINX: Final = """
daemon off;
worker_processes auto;
pid {folder}/nginx.pid;
error_log {folder}/nginx.log crit;
events {{ worker_connections 8192; }}
http {{
    access_log off;
    client_body_temp_path {folder}/body;
    proxy_temp_path {folder}/proxy;
    fastcgi_temp_path {folder}/fastcgi;
    uwsgi_temp_path {folder}/uwsgi;
    scgi_temp_path {folder}/scgi;
    server {{
        listen 127.0.0.1:{port};
        client_max_body_size 64k;
        client_body_buffer_size 64k;
        proxy_max_temp_file_size 0;
        client_header_timeout 10s;
        client_body_timeout 10s;
        send_timeout 30s;
        reset_timedout_connection on;
        location / {{
            proxy_pass {base};
            proxy_http_version 1.1;
            proxy_set_header Connection "";
            proxy_set_header Host $host;
            proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
        }}
    }}
}}
"""
CADDY: Final = """
{{
    admin off
    servers {{
        timeouts {{
            read_header 10s
            read_body 20s
            idle 60s
        }}
    }}
}}
http://127.0.0.1:{port} {{
    reverse_proxy {upstream} {{
        trusted_proxies 127.0.0.1/32
    }}
}}
"""
"""The senders that a drill makes up come with their request, so this proxy is not the only one:
PETITION_TRUSTED_PROXIES is 2."""
FILES: Final = {"nginx": NGINX, "caddy": CADDY}
PROXIES: Final = tuple(sorted(FILES))


@contextlib.contextmanager
def behind(name: str, base: str, folder: Path) -> Iterator[str]:
    """The origin by which people reach this server through that proxy."""
    program = shutil.which(name)
    if program is None:
        raise Unavailable(f"there is no {name} on this machine")
    port = free_port()
    folder.mkdir(exist_ok=True)
    settings = folder / f"{name}.conf"
    settings.write_text(
        FILES[name].format(folder=folder, port=port, base=base, upstream=urlsplit(base).netloc)
    )
    command = {
        "nginx": [program, "-p", str(folder), "-c", str(settings)],
        "caddy": [program, "run", "--adapter", "caddyfile", "--config", str(settings)],
    }[name]
    env = {"HOME": str(folder), "PATH": "/usr/bin:/bin"}
    proxy = Running(name, command, log=folder / f"{name}.said", env=env)
    try:
        _wait_for(proxy, f"http://127.0.0.1:{port}")
        yield f"http://127.0.0.1:{port}"
    finally:
        proxy.kill_all()


def _wait_for(proxy: Running, base: str) -> None:
    limit = monotonic() + STARTING_SECONDS
    while True:
        with contextlib.suppress(OSError), urllib.request.urlopen(f"{base}/healthz", timeout=2):
            return
        if not proxy.alive or monotonic() > limit:
            raise DrillError(f"{proxy.name} does not come up: {proxy.last_words()}")
        sleep(0.05)
