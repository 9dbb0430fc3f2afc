"""One handler that waits 100 ms, from the blocking server of chapter 01 to the framework, beside Python's Tornado: what
they answer to a growing number of clients. experiment.py measures it as `make bench CH=all`, and publishes it in README.md
and docs/figures.md."""

import math
import pathlib
import textwrap
import threading
from dataclasses import dataclass

from bench_process import kernel_stacks_kb, start_server, status_field
from crowd import crowd
from figures import median, short

HERE = pathlib.Path(__file__).resolve().parent
WAIT_S = 0.1
CLIENTS = (1, 16, 64, 256, 1024, 4096)
ASKED = 1024  # clients, of whom the prediction and the sentences speak
QUESTION = f"One thread of the framework, {ASKED:,} clients, each handler waits 100 ms. How many requests per second?"
MANY, LONGER_S = 1024, 3  # so many clients and more get so much longer: at first they all have to come in
# Beside the servers of the chapters, which tests/chapters/*/wire.toml names: the same handler on the framework and on
# Python's Tornado, each alone at "/".
OTHERS = {"final": ("tests/bench/wait_server", "--port={port}", "--logging=warning"),
          "tornado": ("/usr/bin/python3", str(HERE / "wait_tornado.py"), "{port}")}


@dataclass(frozen=True)
class Contender:
    """A server and its line in the plot."""

    name: str
    title: str
    colour: str
    shows_its_wall: bool = True  # under the load; if not, it is looked for before
    like: str = ""  # the contender whose program it is, built on the reader's layers

    @property
    def path(self):
        return "/" if self.name in OTHERS else f"/slow?s={WAIT_S}"


# Without chapter 06, whose handlers cannot wait without the thread: it is one at a time again. Chapters 04 and 07 wait as
# 03 and 05 do. select serves ten a second here, and does not come to accept those who are too many in a sample.
CONTENDERS = (Contender("one", "01 one at a time", "#1d2433"), Contender("pool", "01 pool of four", "#8a6100"),
              Contender("threads", "01 a thread each", "#b03a00"), Contender("select", "02 select", "#7a4fa3", False),
              Contender("loop", "03 epoll", "#5f8f2f"), Contender("http", "05 keep-alive", "#17807e"),
              Contender("coroutine", "08 coroutines", "#33519c"), Contender("final", "final", "#c2185b"),
              Contender("tornado", "Python's Tornado", "#7b7b72"))
YOURS = Contender("yours", "yours", "#d08700", like="coroutine")


def ideal(clients):
    """Requests per second if all clients wait at once, and only the handler takes time."""
    return clients / WAIT_S


def refusal(server, clients):
    """What the server answers instead of a page when so many are connected; None if it serves one more."""
    with crowd(server, clients):
        status, _ = server.wait_ready()
    return None if status == 200 else f"answers {status}"


def sample(contender, command, build, log, clients, seconds, load):
    """{"rate", "p99" in ms, "mb" and "threads" late in the load}. Instead of figures {"refused": why} if it does not serve so
    many. A process of its own for each: what an earlier load left behind would be counted with this one."""
    program, *arguments = command
    before = kernel_stacks_kb()
    server = start_server([build / program, *arguments], log)
    try:
        if not contender.shows_its_wall and (why := refusal(server, clients)):
            return {"refused": why}
        held = {}
        timer = threading.Timer(0.8 * seconds, look, (held, server, before))
        timer.start()
        try:
            timing = load(server.port, contender.path, clients, seconds)
        except ValueError as error:
            return {"refused": str(error)}
        finally:
            timer.join()
    finally:
        server.stop()
    return {"rate": timing["rate"], "p99": timing["p99"], **held}


def look(held, server, stacks_before):
    (pid,) = server.pids()
    kilobytes = status_field(pid, "VmRSS") + max(0, kernel_stacks_kb() - stacks_before)
    held.update(mb=kilobytes / 1024, threads=status_field(pid, "Threads"))


def measure(contenders, sizes, commands, build, log, rounds, seconds, load, say):
    """{(contender, clients): [sample, ...]}; within a round every contender meets a load before the next load.
    `commands` has each contender's program in the build folder, and its arguments."""
    samples = {}
    for number in range(rounds):
        for clients in sizes:
            for contender in contenders:
                say(f"round {number + 1} of {rounds}: {contender.title}, {clients} clients")
                samples.setdefault((contender.name, clients), []).append(
                    sample(contender, commands[contender.name], build, log, clients, seconds + LONGER_S * (clients >= MANY), load))
    say("")
    return samples


def refused(own):
    return next((one["refused"] for one in own if "refused" in one), None)


def cell(own):
    if refused(own):
        return "refuses"
    return "; ".join(short(median(own, key)) for key in ("rate", "p99", "mb"))


def table(contenders, sizes, samples):
    heads = " | ".join(f"{clients:,} client{'s' * (clients > 1)}" for clients in sizes)
    lines = [f"| req/s; p99 ms; MB | {heads} |",
             "|---" * (1 + len(sizes)) + "|",
             "| theory, if all wait at once | " + " | ".join(f"{short(ideal(clients))}; 100" for clients in sizes) + " |"]
    for one in contenders:
        lines.append(f"| {one.title} | " + " | ".join(cell(samples[one.name, clients]) for clients in sizes) + " |")
    return "\n".join(lines)


# --- What it shows -----------------------------------------------------------------------------------------------------

def story(samples, clients):
    """The sentences below the picture: what the figures at so many clients are, and no more than they are."""
    def rate(name):
        own = samples[name, clients]
        return "refuses them" if refused(own) else f"answers {short(median(own, 'rate'))} requests a second"

    def memory(name):
        figure = median(samples[name, clients], "mb")
        return "" if figure is None else f" in {short(figure)} MB"

    text = (f"Each handler waits {WAIT_S * 1000:.0f} ms, as if for a database, and {clients:,} clients ask at once. The "
            f"course's first server, which serves one client at a time, {rate('one')}. The framework that the course ends with "
            f"also has one thread, and {rate('final')}{memory('final')}; theory allows {short(ideal(clients))}. A server with "
            f"a thread for each client {rate('threads')}{memory('threads')}. Python's Tornado {rate('tornado')}"
            f"{memory('tornado')}.")
    return textwrap.fill(text, 120) + "\n"


# --- The picture -------------------------------------------------------------------------------------------------------

WIDTH, HEIGHT, PANEL = 960, 450, 314
TOP, BOTTOM = 86, 336


class Panel:
    """One of the three plots: its place, and the powers of ten on its axis."""

    def __init__(self, left, title, ticks, sizes):
        self.left, self.title, self.ticks, self.sizes = left, title, ticks, sizes

    def x(self, clients):
        return self.left + 76 + 220 * math.log2(clients) / math.log2(self.sizes[-1])

    def y(self, number):
        low, high = math.log10(self.ticks[0]), math.log10(self.ticks[-1])
        return BOTTOM - (BOTTOM - TOP) * (math.log10(min(max(number, self.ticks[0]), self.ticks[-1])) - low) / (high - low)

    def frame(self):
        parts = [f'<text x="{self.left + 14}" y="70" font-weight="600">{self.title}</text>']
        for tick in self.ticks:
            height = self.y(tick)
            parts.append(f'<path d="M{self.left + 68} {height:.0f} H{self.left + 304}" stroke="#ddd8c8"/>'
                         f'<text x="{self.left + 62}" y="{height + 5:.0f}" text-anchor="end">{tick:,}</text>')
        parts += [f'<text x="{self.x(clients):.0f}" y="{BOTTOM + 20}" text-anchor="middle" font-size="13">{clients}</text>'
                  for clients in self.sizes]
        return parts

    def theory(self, value):
        points = " ".join(f"{self.x(clients):.0f},{self.y(value(clients)):.0f}" for clients in self.sizes
                          if value(clients) <= self.ticks[-1])
        return f'<polyline points="{points}" fill="none" stroke="#55554d" stroke-dasharray="6 4"/>'

    def line(self, colour, values):
        """`values` are (clients, number); a number that is None ends the line there."""
        points = [(self.x(clients), self.y(number)) for clients, number in values if number is not None]
        path = " ".join(f"{px:.0f},{py:.0f}" for px, py in points)
        return [f'<polyline points="{path}" fill="none" stroke="{colour}" stroke-width="2"/>',
                *(f'<circle cx="{px:.0f}" cy="{py:.0f}" r="4" fill="{colour}"/>' for px, py in points)]

    def wall(self, colour, clients, number):
        """A cross where a server has refused; `number` is the last that it did."""
        px, py = self.x(clients), self.y(number)
        return (f'<path d="M{px - 5:.0f} {py - 5:.0f} l10 10 m0 -10 l-10 10" stroke="{colour}" stroke-width="2.5" '
                'fill="none" class="wall"/>')


def curves(panel, key, contenders, sizes, samples):
    parts = []
    for one in contenders:
        parts += panel.line(one.colour, [(clients, median(samples[one.name, clients], key)) for clients in sizes])
    return parts


def walls(panel, contenders, sizes, samples):
    """Where a server refuses, at the rate of the last load that it served."""
    parts = []
    for one in contenders:
        refusing = [clients for clients in sizes if refused(samples[one.name, clients])]
        served = [median(samples[one.name, clients], "rate") for clients in sizes if clients not in refusing]
        if refusing and served:
            parts.append(panel.wall(one.colour, refusing[0], served[-1]))
    return parts


def legend(contenders):
    parts = []
    columns = math.ceil(len(contenders) / 2)
    for number, one in enumerate(contenders):
        left, top = 40 + (WIDTH - 60) / columns * (number % columns), 404 + 26 * (number // columns)
        parts.append(f'<circle cx="{left:.0f}" cy="{top - 5}" r="6" fill="{one.colour}" class="key"/>'
                     f'<text x="{left + 12:.0f}" y="{top}">{one.title}</text>')
    return parts


def plot(contenders, sizes, samples):
    """Requests per second, p99 and memory against clients: measured as lines, theory dashed."""
    rate = Panel(0, "requests per second", (1, 10, 100, 1000, 10000, 100000), sizes)
    slowest = Panel(PANEL, "p99, ms", (100, 1000, 10000), sizes)
    memory = Panel(2 * PANEL, "memory, MB", (1, 10, 100, 1000), sizes)
    parts = [*rate.frame(), rate.theory(ideal), rate.theory(lambda _: 1 / WAIT_S),
             *slowest.frame(), slowest.theory(lambda _: 1000 * WAIT_S), slowest.theory(lambda clients: 1000 * WAIT_S * clients),
             *memory.frame()]
    for panel, key in ((rate, "rate"), (slowest, "p99"), (memory, "mb")):
        parts += curves(panel, key, contenders, sizes, samples)
    parts += walls(rate, contenders, sizes, samples)
    return (f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif" fill="#1d2433">\n'
            "  <title>Requests per second, p99 and memory of each server against clients; each handler waits 100 ms</title>\n"
            f'  <rect width="{WIDTH}" height="{HEIGHT}" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="14" y="24">Each handler waits 100 ms. Dashed: theory, for one after the other and for all at once.</text>\n'
            '  <text x="14" y="44">A line ends where not all were answered in time; a cross: the server refuses.</text>\n'
            f'  <text x="{WIDTH / 2:.0f}" y="{BOTTOM + 42}" text-anchor="middle">clients at once</text>\n  '
            + "\n  ".join([*parts, *legend(contenders)]) + "\n</svg>\n")
