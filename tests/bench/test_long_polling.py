"""The experiment with clients that wait for a message: its contenders, a short run of the whole, and its load."""

import json
import os
import pathlib
import socket
import subprocess
import threading
import xml.dom.minidom

import long_polling
import pytest

BUILD = pathlib.Path(os.environ["TORNADO_BUILD"])
SIZES = (10, 100)
NAMES = [one.name for one in long_polling.CONTENDERS]


def contender(name):
    return next(one for one in long_polling.CONTENDERS if one.name == name)


@pytest.mark.parametrize("name", NAMES)
def test_a_crowd_waits_and_all_get_the_message(tmp_path, name):
    taken = long_polling.sample(contender(name), BUILD, tmp_path, 150)
    assert set(taken) == {"kb", "wake_ms", "p50", "p99", "slowest", "slowest_in_wake"}
    assert taken["kb"] > 0
    assert 0 < taken["p50"] <= taken["p99"] <= taken["slowest"]
    assert taken["wake_ms"] > 0


def test_a_short_run_of_the_whole(tmp_path):
    chosen = [contender("coroutines"), contender("threads")]
    taken = long_polling.measure(chosen, SIZES, BUILD, tmp_path, 1, lambda what: None)
    assert set(taken) == {(one.name, clients) for one in chosen for clients in SIZES}
    taken["threads", 100] = [{"broke": "at 73"}]
    lines = long_polling.table(chosen, SIZES, taken).splitlines()
    assert [line.split(" | ")[0] for line in lines[:4]] == ["| clients wait", lines[1], "| 10", "| 100"]
    assert lines[3].endswith("| breaks: at 73 |")
    xml.dom.minidom.parseString(long_polling.plot(chosen, SIZES, taken))


# --- the load --------------------------------------------------------------------------------------------------------

class Scripted:
    """A server that answers a request with what `answer(request, number of the connection)` returns: bytes, None to wait
    for ever, or b"" to close. The first ASK is answered when `sent_before` answers have been sent."""

    def __init__(self, answer, sent_before=0):
        self._answer = answer
        self._sent = threading.Semaphore(0)
        self._sent_before = sent_before
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=128)
        self.port = self._listener.getsockname()[1]
        self._kept = []
        threading.Thread(target=self._run, daemon=True).start()

    def _run(self):
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            self._kept.append(client)
            threading.Thread(target=self._serve, args=(client, len(self._kept)), daemon=True).start()

    def _serve(self, client, number):
        try:
            while asked := client.recv(4096):
                answer = self._answer(asked, number)
                if answer == b"":
                    return client.close()
                if asked == b"ASK":
                    self._wait_for_others()
                if answer:
                    client.sendall(answer)
                    self._sent.release()
        except OSError:
            pass  # the load leaves by reset

    def _wait_for_others(self):
        while self._sent_before > 0:
            self._sent.acquire()
            self._sent_before -= 1

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for client in self._kept:
            client.close()


def respond(body, status="200 OK"):
    return f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode()


def run_load(answer, clients=3, sent_before=0):
    server = Scripted(answer, sent_before)
    try:
        return subprocess.run([BUILD / long_polling.LOAD, str(server.port), str(clients), "WAIT", "ASK", "SAY", "word"],
                              input="go on\n", capture_output=True, text=True, timeout=60)
    finally:
        server.close()


def test_clients_that_are_left_alone_are_counted():
    told = threading.Event()

    def answer(asked, number):
        if asked == b"WAIT" and number == 2:
            return b""
        if asked == b"WAIT":
            told.wait()
            return respond("the word")
        if asked == b"SAY":
            told.set()
        return respond("hello")

    done = run_load(answer)
    figures = json.loads(done.stdout.removeprefix("waiting\n"))
    assert (done.returncode, figures["clients"], figures["lost"], figures["first_lost"]) == (0, 3, 1, 1)


@pytest.mark.parametrize("answer, complaint", [
    (lambda asked, number: b"" if asked == b"ASK" else None, "with 3 clients one more is not served: its connection was closed"),
    (lambda asked, number: respond("no", "503 Service Unavailable") if asked == b"ASK" else None, "wrong answer: HTTP/1.1 503"),
    (lambda asked, number: respond("early"), "wrong news"),
])
def test_a_server_that_does_not_serve_is_an_error(answer, complaint):
    done = run_load(answer)
    assert done.returncode == 1
    assert complaint in done.stderr


def test_news_before_the_message_is_an_error():
    done = run_load(lambda asked, number: respond("the word, too early"), sent_before=3)
    assert done.returncode == 1
    assert "3 clients were answered before the message" in done.stderr
