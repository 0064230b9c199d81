"""Servers on the loopback, for the outside world of a test."""

import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer


class Site(ThreadingHTTPServer):
    """Answers from `pages`: a path to bytes, or to a function of the handler."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.pages = {}
        self.requests = []
        self.connections = 0
        self.name = f"127.0.0.1:{self.server_address[1]}"
        self.url = f"http://{self.name}"
        self.was_hung_up_on = threading.Event()

    def verify_request(self, request, client_address):
        self.connections += 1
        return True

    def handle_error(self, request, client_address):
        pass  # clients that hang up are what is tested


class _Answer(BaseHTTPRequestHandler):
    def do_GET(self):
        self.server.requests.append((self.path, dict(self.headers)))
        answer = self.server.pages.get(self.path)
        if answer is None:
            self.send_error(404)
        elif callable(answer):
            answer(self)
        else:
            reply(self, answer)

    def log_message(self, *_):
        pass


def reply(handler, content, kind="", status=200, **headers):
    handler.send_response(status)
    handler.send_header("Content-Type", kind or _kind_of(content))
    for name, value in headers.items():
        handler.send_header(name.replace("_", "-"), value)
    handler.end_headers()
    handler.wfile.write(content)


def sends(content, kind="", status=200, **headers):
    return lambda handler: reply(handler, content, kind, status, **headers)


def redirects(to, status=302):
    return sends(b"", "text/html", status, Location=to)


def drips(handler):
    """A byte every 20 ms for ever, so that no single wait is ever long."""
    handler.send_response(200)
    handler.send_header("Content-Type", "text/html")
    handler.end_headers()
    try:
        for _ in range(500):
            handler.wfile.write(b"<")
            handler.wfile.flush()
            time.sleep(0.02)
    except OSError:
        handler.server.was_hung_up_on.set()


def _kind_of(content):
    starts = {b"\xff\xd8": "image/jpeg", b"\x89P": "image/png"}
    return starts.get(content[:2], "text/html; charset=utf-8")


@contextmanager
def running(site=None):
    site = site or Site()
    thread = threading.Thread(target=site.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield site
    finally:
        site.shutdown()
        site.server_close()
