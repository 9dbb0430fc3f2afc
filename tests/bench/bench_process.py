"""What every experiment needs of the operating system: pinned processes, their CPU time, and the noise of others.

Standard library only: the experiments run wherever python3 does. Linux only: the figures come from /proc.
"""

import os
import platform
import resource
import signal
import socket
import subprocess
import time
import urllib.error
import urllib.request
from pathlib import Path

TICKS = os.sysconf("SC_CLK_TCK")


def parse_stat(text):
    """The fields of /proc/PID/stat that we use. The name may hold spaces and brackets, so count from its end."""
    fields = text[text.rindex(")") + 2:].split()
    return {"parent": int(fields[1]), "cpu_s": (int(fields[11]) + int(fields[12])) / TICKS}


def parse_busy(text):
    """CPU seconds that anybody used, of /proc/stat: all but idle and iowait. Stolen time counts: we did not get it."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(int, text.splitlines()[0].split()[1:9])
    return (user + nice + system + irq + softirq + steal) / TICKS


def machine_busy_s():
    return parse_busy(Path("/proc/stat").read_text())


def process_tree(root):
    """The process and its descendants, as {pid: CPU seconds so far}."""
    stats = {}
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                stats[int(entry.name)] = parse_stat((entry / "stat").read_text())
            except (FileNotFoundError, ProcessLookupError):
                pass  # it ended while we looked
    tree = {root}
    while True:
        found = {pid for pid, stat in stats.items() if stat["parent"] in tree} - tree
        if not found:
            return {pid: stats[pid]["cpu_s"] for pid in tree if pid in stats}
        tree |= found


def choose_cpus(allowed):
    """One CPU for the server and one for the load. With a single CPU both get it, and the figures mean little."""
    ordered = sorted(allowed)
    return ordered[0], ordered[-1]


def raise_file_limit():
    """Servers inherit this limit, and 10,000 connections need more than the usual 1,024 open files."""
    _soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def fitting_crowds(sizes, files, spare=50):
    """The sizes of which a process may open enough files, `spare` beside its connections; -1 stands for any number. Says
    so if these are not all, and ends the program if there is none."""
    fitting = tuple(size for size in sizes if files < 0 or size + spare <= files)
    if not fitting:
        raise SystemExit(f"only {files} open files are allowed: raise the hard limit (ulimit -Hn)")
    if len(fitting) < len(sizes):
        print(f"only {files} open files are allowed (ulimit -Hn), so there are at most {fitting[-1]:,} clients")
    return fitting


def try_priority(niceness=-15):
    """Puts this process, and what it starts, ahead of the machine's other work. Returns the niceness it got."""
    try:
        os.setpriority(os.PRIO_PROCESS, 0, niceness)
    except PermissionError:
        pass  # only root may; the report says which niceness the samples had
    return os.getpriority(os.PRIO_PROCESS, 0)


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Server:
    """A server of its own process group, pinned to one CPU, or with cpu None to none. Use as a context manager: it is
    stopped at the end."""

    def __init__(self, command, port, cpu, log):
        self.port = port
        self.log = log
        self._output = open(log, "wb")
        self._process = subprocess.Popen(
            command, stdin=subprocess.DEVNULL, stdout=self._output, stderr=subprocess.STDOUT,
            start_new_session=True, preexec_fn=None if cpu is None else lambda: os.sched_setaffinity(0, {cpu}))

    def __enter__(self):
        return self

    def __exit__(self, *_exception):
        self.stop()

    def fetch(self, path="/"):
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=5) as response:
            return response.status, response.read()

    def wait_ready(self, path="/", seconds=10):
        """Returns (status, body) of the first answer; raises RuntimeError with the server's output if none comes."""
        deadline = time.monotonic() + seconds
        while self._process.poll() is None and time.monotonic() < deadline:
            try:
                return self.fetch(path)
            except urllib.error.HTTPError as error:
                return error.code, error.read()
            except OSError:
                time.sleep(0.02)
        ended = self._process.poll()
        state = f"ended with code {ended}" if ended is not None else f"gave no answer in {seconds} s"
        raise RuntimeError(f"server {state}; its output:\n{Path(self.log).read_text(errors='replace')}")

    def cpu_s(self):
        if self._process.poll() is not None:
            raise RuntimeError(f"server ended with code {self._process.returncode}; see {self.log}")
        return sum(process_tree(self._process.pid).values())

    def pids(self):
        return sorted(process_tree(self._process.pid))

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            if self._process.poll() is None:
                os.killpg(self._process.pid, number)
                try:
                    self._process.wait(timeout=3)
                except subprocess.TimeoutExpired:
                    continue
        self._output.close()


def start_server(command, log):
    """A server that has answered, and may use every processor. {port} in its command stands for a free port."""
    port = free_port()
    server = Server([str(word).replace("{port}", str(port)) for word in command], port, None, log)
    try:
        server.wait_ready()
    except RuntimeError:
        server.stop()
        raise
    return server


def status_field(pid, name):
    """A number of /proc/PID/status, in the unit it has there."""
    text = Path(f"/proc/{pid}/status").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith(name + ":")))


def kernel_stacks_kb():
    """Of all processes: a thread's stack in the kernel is counted with none of them."""
    text = Path("/proc/meminfo").read_text()
    return int(next(line.split()[1] for line in text.splitlines() if line.startswith("KernelStack:")))


class Meter:
    """Times one sample: how long it took, and who used the CPU meanwhile. Figures are seconds, or CPUs (1.0 = one)."""

    def __init__(self, server):
        self._server = server
        self._start = self._read()

    def _read(self):
        return {"wall": time.monotonic(), "server": self._server.cpu_s(), "busy": machine_busy_s(),
                "self": resource.getrusage(resource.RUSAGE_SELF),
                "load": resource.getrusage(resource.RUSAGE_CHILDREN)}

    def stop(self):
        now = self._read()
        used = lambda name: (now[name].ru_utime + now[name].ru_stime
                             - self._start[name].ru_utime - self._start[name].ru_stime)
        wall = now["wall"] - self._start["wall"]
        server = now["server"] - self._start["server"]
        # RUSAGE_CHILDREN counts the load only: servers live on, and are not waited for within a sample.
        load, harness = used("load"), used("self")
        others = now["busy"] - self._start["busy"] - server - load - harness
        return {"wall_s": wall, "server_cpu_s": server, "server_cpus": server / wall, "load_cpus": load / wall,
                "others_cpus": max(0.0, others / wall)}


def wait_for_quiet(limit_cpus, patience_s=20, window_s=0.5):
    """Waits until the machine's other work takes less than limit_cpus, but no longer than patience_s."""
    deadline = time.monotonic() + patience_s
    while time.monotonic() < deadline:
        busy, start = machine_busy_s(), time.monotonic()
        time.sleep(window_s)
        if (machine_busy_s() - busy) / (time.monotonic() - start) < limit_cpus:
            return True
    return False


def describe_machine():
    model = next((line.split(":", 1)[1].strip() for line in Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    return f"{len(os.sched_getaffinity(0))} CPUs ({model}), Linux {platform.release()}"


def describe_commit(folder):
    """Pages and drawings do not count as changes: they are what publishing a measurement writes."""
    def git(*words):
        done = subprocess.run(["git", "-C", str(folder), *words], capture_output=True, text=True)
        return done.stdout.strip() if done.returncode == 0 else None
    commit = git("rev-parse", "--short", "HEAD")
    if commit is None:
        return "no git checkout"
    return commit + (" with uncommitted changes" if git("status", "--porcelain", "-uno", "--", ".", ":!*.md", ":!*.svg") else "")
