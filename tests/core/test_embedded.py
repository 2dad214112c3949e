"""The embedded Valkey is asked in small steps while it starts."""

import socket
import threading

from portal.core import embedded
from portal.core.settings import embedded_socket


def test_a_server_that_does_not_answer_is_asked_once(tmp_path):
    """The client's own patience, ten times and ever more slowly, kept every start waiting."""
    path = embedded_socket(tmp_path)
    path.parent.mkdir(parents=True, exist_ok=True)
    asked = []
    with socket.socket(socket.AF_UNIX) as ear:
        ear.bind(str(path))
        ear.listen()

        def hang_up():
            while True:
                caller, _ = ear.accept()
                with caller:
                    if caller.recv(1) == b"!":
                        return
                    asked.append(1)

        listening = threading.Thread(target=hang_up)
        listening.start()
        assert not embedded.answers(tmp_path)
        with socket.socket(socket.AF_UNIX) as last:
            last.connect(str(path))
            last.sendall(b"!")
        listening.join()
    assert len(asked) == 1
