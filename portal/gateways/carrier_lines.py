"""Connections to the carrier that are opened within a time, however many addresses it has."""

import socket
from collections.abc import Callable

from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import ConnectTimeoutError, NameResolutionError, NewConnectionError
from urllib3.util.connection import allowed_gai_family


class Line(HTTPConnection):
    """Tries each address for its timeout at most, and for no longer than `left` leaves.

    The library's own gives every address the whole timeout. How long a name takes to be resolved,
    nothing limits but the resolver's own settings.
    """

    left: Callable[[float], float]  # of so many seconds; raises TimeoutError when none are

    def _new_conn(self) -> socket.socket:
        most = self.timeout
        assert isinstance(most, float)
        try:
            found = socket.getaddrinfo(
                self._dns_host, self.port, allowed_gai_family(), socket.SOCK_STREAM
            )
        except socket.gaierror as error:
            raise NameResolutionError(self.host, self, error) from error
        failed = OSError("the name has no address")
        for family, kind, protocol, _, address in found:
            line = None
            try:
                line = socket.socket(family, kind, protocol)
                for option in self.socket_options or ():
                    line.setsockopt(*option)
                line.settimeout(self.left(most))
                line.connect(address)
                line.settimeout(self.left(most))  # of the TLS handshake that may follow
            except OSError as error:
                failed = error
                if line is not None:
                    line.close()
            else:
                return line
        if isinstance(failed, TimeoutError):
            raise ConnectTimeoutError(self, f"{self.host} did not answer in time") from failed
        raise NewConnectionError(self, f"no connection: {failed}") from failed


class SecureLine(Line, HTTPSConnection):
    """The same with TLS."""
