"""A small web site on this machine that serves what a test tells it to, decent or not."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field

Answer = Callable[[socket.socket], None]


@dataclass
class Site:
    """Serves until closed; every connection gets one answer.

    Attributes:
        host: The name that its urls use.
        seen: The request heads that came, as text.
        answers: By path: what is written to the connection.
        tls: Makes it an https site.
    """

    host: str = "photos.example"
    tls: ssl.SSLContext | None = None
    seen: list[str] = field(default_factory=list)
    answers: dict[str, Answer] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def url(self, path: str) -> str:
        scheme = "https" if self.tls else "http"
        return f"{scheme}://{self.host}:{self.port}{path.replace(' ', '%20')}"

    def put(self, path: str, body: bytes, head: str = "Content-Type: image/jpeg\r\n", status: str = "200 OK") -> str:
        """Serves a body at a path; gives its url."""
        text = f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{head}Connection: close\r\n\r\n".encode()
        return self.script(path, lambda connection: connection.sendall(text + body))

    def redirect(self, path: str, to: str, status: str = "302 Found") -> str:
        return self.put(path, b"", f"Location: {to}\r\n", status)

    def script(self, path: str, answer: Answer) -> str:
        self.answers[path.replace(" ", "%20")] = answer
        return self.url(path)

    def closing(self, seconds: float) -> bool:
        """Waits; whether the site is being closed."""
        return self._closing.wait(seconds)

    def close(self) -> None:
        self._closing.set()
        self._socket.shutdown(socket.SHUT_RDWR)  # wakes the thread that accepts
        self._socket.close()
        self._thread.join(5)

    def _serve(self) -> None:
        while True:
            try:
                connection, _ = self._socket.accept()
            except OSError:
                return
            threading.Thread(target=self._answer, args=(connection,), daemon=True).start()

    def _answer(self, connection: socket.socket) -> None:
        try:
            with self.tls.wrap_socket(connection, server_side=True) if self.tls else connection as stream:
                stream.settimeout(5)
                head = b""
                while b"\r\n\r\n" not in head:
                    more = stream.recv(65536)
                    if not more:
                        return
                    head += more
                text = head.decode("latin-1")
                self.seen.append(text)
                answer = self.answers.get(text.split(" ", 2)[1])
                if answer is None:
                    stream.sendall(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n")
                else:
                    answer(stream)
        except OSError:
            return
        finally:
            connection.close()
