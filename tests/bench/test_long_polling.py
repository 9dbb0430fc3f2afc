"""The experiment with clients that wait for a message: its contenders, its load, its table and its picture."""

import json
import os
import pathlib
import socket
import subprocess
import threading
import xml.dom.minidom

import bench_process
import experiment
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
    lines = long_polling.table(chosen, SIZES, taken).splitlines()
    assert [line.split(" | ")[0] for line in lines[:4]] == ["| clients wait", lines[1], "| 10", "| 100"]
    xml.dom.minidom.parseString(long_polling.plot(chosen, SIZES, taken))


class Machine:
    """A server whose processor time is what it is told to be, and then the last of it."""

    def __init__(self, *readings):
        self.readings = list(readings)

    def cpu_s(self):
        return self.readings.pop(0) if len(self.readings) > 1 else self.readings[0]


def test_a_server_settles_when_it_uses_no_more_processor_time():
    assert long_polling.settle(Machine(1.0, 1.0, 2.0, 2.0, 2.0), quiet_s=0)


def test_a_server_that_is_never_quiet_is_said_to_be(monkeypatch, tmp_path):
    assert not long_polling.settle(Machine(*range(1000)), quiet_s=0, patience_s=0)
    monkeypatch.setattr(long_polling, "settle", lambda server: False)
    taken = long_polling.sample(contender("coroutines"), BUILD, tmp_path, 5)
    assert taken == {"broke": "5 clients waited, and it still had work to do"}


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


def test_a_server_that_breaks_is_said_to_with_the_number(tmp_path, monkeypatch):
    monkeypatch.setattr(bench_process.Server, "wait_ready", lambda server: None)
    breaking = Scripted(lambda asked, number: b"" if b"after=0" in asked else None if b"after=1" in asked else respond("hello"))
    monkeypatch.setattr(bench_process, "free_port", lambda: breaking.port)
    try:
        pretended = long_polling.Contender("sleeper", ("/bin/sleep", "60"), long_polling.Chat, "#000")
        taken = long_polling.sample(pretended, BUILD, tmp_path, 5)
    finally:
        breaking.close()
    assert taken == {"broke": "long_polling_load: with 5 clients one more is not served: its connection was closed"}


# --- arithmetic, table, picture --------------------------------------------------------------------------------------

def samples():
    own = {"kb": 4.0, "p50": 0.1, "p99": 0.2, "slowest": 0.25, "wake_ms": 123.4, "slowest_in_wake": 99.9}
    made = {(name, clients): [own, own] for name in NAMES for clients in long_polling.SIZES}
    made["threads", 10_000] = [own, {"broke": "at 7300"}]
    return made


def test_table_says_where_a_server_breaks():
    lines = long_polling.table(long_polling.CONTENDERS, long_polling.SIZES, samples()).splitlines()
    assert lines[2] == "| 100 | " + " | ".join(["4.0; 0.10, 0.25; 123; 99.9"] * 4) + " |"
    assert lines[4].startswith("| 10,000 | breaks: at 7300 | 4.0; 0.10, 0.25; 123; 99.9 |")


def test_picture_ends_a_line_where_its_server_breaks():
    drawing = long_polling.plot(long_polling.CONTENDERS, long_polling.SIZES, samples())
    xml.dom.minidom.parseString(drawing)
    assert drawing.count('r="5"') == 3 * (4 * 3 - 1)
    assert drawing.count('class="key"') == 4
    assert long_polling.expected_wake((100, 1000), samples()) == [(100, 10.0), (1000, 100.0)]


def test_fewer_open_files_make_a_smaller_crowd_and_say_so(capsys):
    sizes = long_polling.SIZES
    assert bench_process.fitting_crowds(sizes, -1) == bench_process.fitting_crowds(sizes, 20_000) == sizes
    assert capsys.readouterr().out == ""
    assert bench_process.fitting_crowds(sizes, 4096) == (100, 1000)
    assert "4096 open files are allowed (ulimit -Hn), so there are at most 1,000 clients" in capsys.readouterr().out
    with pytest.raises(SystemExit):
        bench_process.fitting_crowds(sizes, 64)


def test_only_the_chapter_with_the_chat_has_this_part():
    assert list(experiment.parts_of("08", None)) == ["servers", "calls", "polling"]
    assert list(experiment.parts_of("08", "polling")) == ["polling"]
    assert list(experiment.parts_of("03", None)) == ["servers", "crowd"]
    assert experiment.targets("08") == ["chapter_08", "demo_chat"]


def test_the_reader_is_asked_first():
    assert "10,000 clients wait" in experiment.question("polling", "08")
    assert "1,024 clients" in experiment.question("headline", "all")
    assert experiment.question("servers", "02").startswith("One thread with select, 100 clients")
    assert experiment.question("calls", "08") is None
