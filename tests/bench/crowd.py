"""What a crowd of idle clients costs a server: its memory, and the time of one client who is not idle. experiment.py
measures it for the chapters named here, and puts table and plot into their lessons."""

import contextlib
import math
import socket
import time

from bench_process import kernel_stacks_kb, start_server, status_field
from figures import median

SIZES = (0, 100, 1000, 5000)
# chapter -> its contenders. The threads of chapter 01 without their limit, which would end the comparison at 2,048.
CONTENDERS = {"02": ("threads", "select"), "03": ("threads", "select", "loop")}
COMMANDS = {"threads": ["chapters/02-select/many_threads", "{port}"],
            "select": ["chapters/02-select/select_server", "--port={port}"],
            "loop": ["chapters/03-ioloop/loop_server", "--port={port}"]}
COLOURS = {"threads": "#a33c00", "select": "#7a4fa3", "loop": "#2f7d4f"}
CONNECT_SECONDS = 2  # longer means that nobody accepts any more
BATCH = 64  # connections: well below the queue of those not accepted yet, 128 in the first chapters
PAGE = b"Hello, world"


def start(name, build, log):
    program, argument = COMMANDS[name]
    return start_server([build / program, argument], log)


def page_of(server):
    """What the server answers; None if it answers nothing, or an error."""
    with contextlib.suppress(OSError):
        status, page = server.fetch()
        return page if status == 200 else None
    return None


@contextlib.contextmanager
def crowd(server, size):
    """Connections that say nothing, as many of `size` as the server takes. After every BATCH it has to answer a request,
    and by then has accepted all that came before. Else its queue fills, and who finds it full tries again a second later."""
    clients = []
    try:
        for _ in range(size):
            with contextlib.suppress(OSError):
                clients.append(socket.create_connection(("127.0.0.1", server.port), timeout=CONNECT_SECONDS))
                if len(clients) % BATCH or page_of(server) is not None:
                    continue
            break
        yield clients
    finally:
        for client in clients:
            client.close()


def sample(name, build, log, size, load):
    """{"mb", "threads", and of one active client "p50", "p99" in ms}; None if the server does not serve it.
    `load(port)` measures this client. A process of its own for each: an earlier crowd would leave its memory behind."""
    before = kernel_stacks_kb()
    server = start(name, build, log)
    try:
        with crowd(server, size) as clients:
            if len(clients) < size or page_of(server) != PAGE:
                return None
            (pid,) = server.pids()
            kilobytes = status_field(pid, "VmRSS") + max(0, kernel_stacks_kb() - before)
            timing = load(server.port)
            return {"mb": kilobytes / 1024, "threads": status_field(pid, "Threads"),
                    "p50": timing["p50"], "p99": timing["p99"]}
    finally:
        server.stop()


def measure(names, build, log, rounds, load, say):
    """{(contender, size): [sample or None, ...]}; within a round every contender meets a crowd before the next crowd."""
    samples = {}
    for number in range(rounds):
        for size in SIZES:
            for name in names:
                say(f"round {number + 1} of {rounds}: {name} and {size} idle clients")
                samples.setdefault((name, size), []).append(sample(name, build, log, size, load))
                time.sleep(0.05)  # the kernel frees the stacks of thousands of threads
    say("")
    return samples


def table(names, samples):
    lines = ["| idle clients | " + " | ".join(f"{name}: MB, threads, p50 and p99 µs" for name in names) + " |",
             "|---" * (1 + len(names)) + "|"]
    for size in SIZES:
        cells = []
        for name in names:
            own = samples[name, size]
            if None in own:
                cells.append("does not serve")
            else:
                cells.append(f"{median(own, 'mb'):.1f}, {median(own, 'threads'):,.0f}, "
                             f"{1000 * median(own, 'p50'):,.0f} and {1000 * median(own, 'p99'):,.0f}")
        lines.append(f"| {size:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def panel(left, title, names, ticks, value):
    """One half of the plot. `ticks` are the powers of ten on its axis; `value(name, size)` is None where a server does
    not serve, and its line ends before."""
    def x(size):
        return left + 60 + 75 * SIZES.index(size)

    def y(number):
        return 280 - 220 * math.log10(max(number, ticks[0]) / ticks[0]) / math.log10(ticks[-1] / ticks[0])

    parts = [f'<text x="{left + 10}" y="30" font-weight="600">{title}</text>']
    for tick in ticks:
        parts.append(f'<line x1="{left + 45}" y1="{y(tick):.0f}" x2="{left + 300}" y2="{y(tick):.0f}" stroke="#ddd8c8"/>'
                     f'<text x="{left + 40}" y="{y(tick) + 5:.0f}" text-anchor="end">{tick:,}</text>')
    parts += [f'<text x="{x(size)}" y="302" text-anchor="middle">{size:,}</text>' for size in SIZES]
    labels = []
    for name in names:
        points = [(x(size), y(value(name, size))) for size in SIZES if value(name, size) is not None]
        line = " ".join(f"{px},{py:.0f}" for px, py in points)
        parts.append(f'<polyline points="{line}" fill="none" stroke="{COLOURS[name]}" stroke-width="2"/>')
        parts += [f'<circle cx="{px}" cy="{py:.0f}" r="5" fill="{COLOURS[name]}"/>' for px, py in points]
        end, label = points[-1][0], points[-1][1] + 5
        while any(there == end and abs(label - height) < 16 for there, height in labels):
            label += 8
        labels.append((end, label))
        parts.append(f'<text x="{end + 10}" y="{label:.0f}" fill="{COLOURS[name]}" font-weight="600">{name}</text>')
    return parts


def plot(names, samples):
    """Memory and the time of one active client against the number of idle ones."""
    parts = panel(12, "memory, MB", names, (1, 10, 100, 1000), lambda *at: median(samples[at], "mb"))
    parts += panel(395, "p50 of one active client, µs", names, (10, 100, 1000, 10000),
                   lambda *at: None if None in samples[at] else 1000 * median(samples[at], "p50"))
    return ('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 770 340" role="img" font-size="14"\n'
            '     font-family="Segoe UI, Helvetica, Arial, sans-serif">\n'
            "  <title>Memory of a server, and the time of one active client, against the number of idle clients</title>\n"
            '  <rect width="770" height="340" rx="10" fill="#f7f5ef"/>\n'
            '  <text x="385" y="328" text-anchor="middle">idle clients</text>\n  ' + "\n  ".join(parts) + "\n</svg>\n")
