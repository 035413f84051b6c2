"""WSGI's environment of a request, as the app is handed it."""

from __future__ import annotations

import io
import sys
from typing import Any, Final

from petition.web.http.gateway.exchange import Environ

_KNOWN_NAMES: Final = 256


class Environs:
    """Makes the environment of each request; what never changes is made once."""

    def __init__(self) -> None:
        self._names = {"content-type": "CONTENT_TYPE", "content-length": "CONTENT_LENGTH"}
        self._servers: dict[str, Environ] = {}

    def of(self, scope: Any) -> Environ:
        environ = self._server(scope.server) | {
            "REQUEST_METHOD": scope.method,
            "PATH_INFO": _as_bytes(scope.path),
            "QUERY_STRING": _as_bytes(scope.query_string),
            "REMOTE_ADDR": _host(scope.client),
            "REMOTE_PORT": scope.client.rpartition(":")[2],
            "SERVER_PROTOCOL": _PROTOCOLS.get(scope.http_version, "HTTP/1.0"),
            "wsgi.url_scheme": scope.scheme,
            "wsgi.input": io.BytesIO(),
        }
        names = self._names
        for name, value in scope.headers.items():
            key = names.get(name) or self._name(name)
            environ[key] = f"{environ[key]},{value}" if key in environ else value
        environ.pop("", None)
        if "HTTP_HOST" not in environ:
            environ["HTTP_HOST"] = scope.authority or ""
        return environ

    def _name(self, name: str) -> str:
        # Two spellings would be one name here, and a proxy may have looked after one of them only.
        key = "" if "_" in name else "HTTP_" + name.upper().replace("-", "_")
        if len(self._names) < _KNOWN_NAMES:
            self._names[name] = key
        return key

    def _server(self, server: str) -> Environ:
        found = self._servers.get(server)
        if found is None:
            # Not the process's own environment: it may hold the mail server's password.
            found = self._servers[server] = {
                "SCRIPT_NAME": "",
                "SERVER_NAME": _host(server),
                "SERVER_PORT": server.rpartition(":")[2],
                "wsgi.version": (1, 0),
                "wsgi.errors": sys.stderr,
                "wsgi.multithread": True,
                "wsgi.multiprocess": True,
                "wsgi.run_once": False,
            }
        return found


_PROTOCOLS: Final = {"1": "HTTP/1.0", "1.1": "HTTP/1.1"}


def _as_bytes(text: str) -> str:
    """WSGI's way of writing bytes: some programs send letters in a query as they are."""
    return text.encode("utf-8").decode("latin-1")


def _host(address: str) -> str:
    return address.rpartition(":")[0].strip("[]")
