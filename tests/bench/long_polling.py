"""Clients that wait for a message, 10,000 of them, and one who asks meanwhile: what each of them costs, how long the one
waits for an answer, and how long it takes until all have the message. experiment.py measures it for chapter 08."""

import json
import math
import pathlib
import re
import subprocess
import time
import urllib.parse
import urllib.request
from dataclasses import dataclass

from bench_process import kernel_stacks_kb, start_server
from figures import median

HERE = pathlib.Path(__file__).resolve().parent
SIZES = (100, 1000, 10_000)
FIRST, WORD = "first", "wake-up"
ASKED = "coroutines"
QUESTION = (f"{SIZES[-1]:,} clients wait for a message in the chat of this chapter, and somebody writes one. "
            "How many milliseconds until the last has it?")
LOAD = "chapters/08-coroutines/long_polling_load"
# chapter -> what its experiment needs to be built beside it
TARGETS = {"08": ("demo_chat",)}


def request(method, path, body="", headers=()):
    lines = [f"{method} {path} HTTP/1.1", "Host: localhost", *headers]
    if body:
        lines += ["Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}"]
    return "\r\n".join(lines) + "\r\n\r\n" + body


class Chat:
    """The requests of chapter 08's chat, which two others of the contenders understand too."""

    def __init__(self, port):
        self._post(port, "/a/message/new", {"text": FIRST})
        self.wait = request("GET", "/a/message/updates?after=1")
        self.ask = request("GET", "/a/message/updates?after=0")
        self.say = request("POST", "/a/message/new", f"text={WORD}")

    @staticmethod
    def _post(port, path, fields, headers=None):
        asked = urllib.request.Request(f"http://127.0.0.1:{port}{path}", urllib.parse.urlencode(fields).encode(), headers or {})
        with urllib.request.urlopen(asked, timeout=5) as answer:
            return answer.read()


class FinalChat(Chat):
    """The requests of the demo chat, which wants to see its page's token with each."""

    TOKEN = "00112233445566778899aabbccddeeff"
    HEADERS = {"Cookie": f"_xsrf={TOKEN}", "X-Xsrftoken": TOKEN}

    def __init__(self, port):
        said = json.loads(self._post(port, "/a/message/new", {"from": "bench", "body": FIRST}, self.HEADERS))
        headers = [f"{name}: {value}" for name, value in self.HEADERS.items()]
        self.wait = request("POST", "/a/message/updates", f"cursor={said['id']}", headers)
        self.ask = request("POST", "/a/message/updates", "cursor=0", headers)
        self.say = request("POST", "/a/message/new", f"from=bench&body={WORD}", headers)


@dataclass(frozen=True)
class Contender:
    """A chat: its program in the build folder, with arguments, what it is asked, and its colour."""

    name: str
    command: tuple
    chat: type
    colour: str


CONTENDERS = (
    Contender("threads", ("chapters/08-coroutines/long_polling_threads", "--port={port}"), Chat, "#a33c00"),
    Contender("coroutines", ("chapters/08-coroutines/coroutine_server", "--port={port}"), Chat, "#7a4fa3"),
    Contender("final", ("final/demos/chat/chat", "--port={port}", "--logging=warning"), FinalChat, "#c2185b"),
    Contender("Tornado", ("/usr/bin/python3", str(HERE / "long_polling_tornado.py"), "{port}"), Chat, "#6d6d64"),
)
# chapter -> those that its experiment measures
CHAPTERS = {"08": tuple(one.name for one in CONTENDERS)}


def memory_kb(pid, stacks_before):
    """Resident, and the threads' stacks in the kernel. smaps_rollup counts the pages; VmRSS may lag behind by some."""
    text = pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text()
    return int(re.search(r"^Rss:\s+(\d+) kB", text, re.MULTILINE)[1]) + max(0, kernel_stacks_kb() - stacks_before)


def settle(server, quiet_s=0.3, patience_s=30):
    """Waits until the server has nothing to do any more: what was sent has been read. False if it always has."""
    deadline = time.monotonic() + patience_s
    used = -1.0
    while used != server.cpu_s():
        if time.monotonic() >= deadline:
            return False
        used = server.cpu_s()
        time.sleep(quiet_s)
    return True


def sample(contender, build, results, clients):
    """{"kb" for each waiting client, "p50", "p99" and "slowest" in ms of the client that asks, "wake_ms", "slowest_in_wake" in ms};
    {"broke": why} if the server takes no more. A process of its own for each: a crowd leaves its memory behind."""
    before = kernel_stacks_kb()
    program, *arguments = contender.command
    server = start_server([build / program, *arguments], results / f"polling-{contender.name}.log")
    try:
        (pid,) = server.pids()
        chat = contender.chat(server.port)
        empty = memory_kb(pid, before)
        command = [build / LOAD, str(server.port), str(clients), chat.wait, chat.ask, chat.say, WORD]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                              text=True) as load:
            full, settled = empty, True
            if load.stdout.readline() == "waiting\n":
                settled = settle(server)
                full = memory_kb(pid, before)
            told, complaint = load.communicate("go on\n")
        if not settled:
            return {"broke": f"{clients} clients waited, and it still had work to do"}
        if load.returncode != 0:
            return {"broke": complaint.strip().splitlines()[-1]}
        figures = json.loads(told)
        if figures["lost"]:
            return {"broke": f"{figures['lost']} clients were left alone, the first at {figures['first_lost']}"}
        return {"kb": (full - empty) / clients, "wake_ms": figures["wake_ms"],
                **{key: figures[f"{key}_us"] / 1000 for key in ("p50", "p99", "slowest", "slowest_in_wake")}}
    finally:
        server.stop()


def measure(contenders, sizes, build, results, rounds, say):
    """{(contender, clients): [sample, ...]}; within a round every contender meets a crowd before the next crowd."""
    samples = {}
    for number in range(rounds):
        for clients in sizes:
            for contender in contenders:
                say(f"round {number + 1} of {rounds}: {contender.name}, {clients} clients wait")
                samples.setdefault((contender.name, clients), []).append(sample(contender, build, results, clients))
    say("")
    return samples


def broke(own):
    return next((one["broke"] for one in own if "broke" in one), None)


def short(number):
    return f"{number:,.0f}" if number >= 100 else f"{number:.1f}" if number >= 1 else f"{number:.2f}"


def cell(own):
    if broke(own):
        return "breaks: " + broke(own)
    kb, p50, slowest, wake, meanwhile = (short(median(own, key)) for key in ("kb", "p50", "slowest", "wake_ms", "slowest_in_wake"))
    return f"{kb}; {p50}, {slowest}; {wake}; {meanwhile}"


def table(contenders, sizes, samples):
    lines = ["| clients wait | " + " | ".join(one.name for one in contenders) + " |", "|---" * (1 + len(contenders)) + "|"]
    for clients in sizes:
        cells = [cell(samples[one.name, clients]) for one in contenders]
        lines.append(f"| {clients:,} | " + " | ".join(cells) + " |")
    lines += ["", "In each cell: KB for each waiting client; ms until one more client has its response, median and slowest of "
              "1,000; ms until all have the message; ms of the slowest response meanwhile."]
    return "\n".join(lines)


def panel(left, title, key, ticks, contenders, sizes, samples, theory=()):
    """One third of the plot. A line ends where its server breaks; `theory` are (clients, number)."""
    def x(clients):
        return left + 66 + 75 * (math.log10(clients) - math.log10(sizes[0]))

    def y(number):
        low, high = math.log10(ticks[0]), math.log10(ticks[-1])
        return 270 - 210 * (math.log10(min(max(number, ticks[0]), ticks[-1])) - low) / (high - low)

    parts = [f'<text x="{left + 10}" y="34" font-weight="600">{title}</text>']
    for tick in ticks:
        parts.append(f'<path d="M{left + 50} {y(tick):.0f} H{left + 232}" stroke="#ddd8c8"/>'
                     f'<text x="{left + 44}" y="{y(tick) + 5:.0f}" text-anchor="end">{tick:,}</text>')
    parts += [f'<text x="{x(clients):.0f}" y="292" text-anchor="middle">{clients:,}</text>' for clients in sizes]
    expected = " ".join(f"{x(clients):.0f},{y(number):.0f}" for clients, number in theory)
    parts.append(f'<polyline points="{expected}" fill="none" stroke="#55554d" stroke-dasharray="6 4"/>')
    for one in contenders:
        values = [(clients, median(samples[one.name, clients], key)) for clients in sizes]
        points = [(x(clients), y(value)) for clients, value in values if value is not None]
        line = " ".join(f"{px:.0f},{py:.0f}" for px, py in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{one.colour}" stroke-width="2"/>')
        parts += [f'<circle cx="{px:.0f}" cy="{py:.0f}" r="5" fill="{one.colour}"/>' for px, py in points]
    return parts


def expected_wake(sizes, samples):
    """(clients, ms): how long the server of the prediction takes to answer that many clients, one after the other."""
    answers = [(clients, median(samples.get((ASKED, clients), [{"broke": "not measured"}]), "p50")) for clients in sizes]
    return [(clients, clients * answer) for clients, answer in answers if answer is not None]


def plot(contenders, sizes, samples):
    """What a waiting client costs, the slowest answer to the client that asks, and the time until all have the message."""
    parts = panel(0, "KB for each waiting client", "kb", (1, 10, 100), contenders, sizes, samples)
    parts += panel(245, "slowest answer, ms", "slowest", (0.1, 1, 10, 100), contenders, sizes, samples)
    parts += panel(490, "all have the message, ms", "wake_ms", (1, 10, 100, 1000, 10000), contenders, sizes, samples,
                   expected_wake(sizes, samples))
    parts.append('<text x="600" y="349">dashed: theory</text>')
    for number, one in enumerate(contenders):
        parts.append(f'<circle cx="{70 + 130 * number}" cy="344" r="6" fill="{one.colour}" class="key"/>'
                     f'<text x="{82 + 130 * number}" y="349">{one.name}</text>')
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 740 364" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif" fill="#1d2433">\n'
            "  <title>Memory, the slowest answer and the time of a message to all, against the clients that wait</title>\n"
            '  <rect width="740" height="364" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="370" y="318" text-anchor="middle">clients that wait for a message</text>\n  '
            + "\n  ".join(parts) + "\n</svg>\n")
