"""One chat on several processes, with redis-server and nginx: nobody misses a message, or gets one twice."""

import asyncio
import contextlib
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "final" / "demos" / "cluster"))

from cluster import Cluster, ClusterError  # noqa: E402  (found by the line above)
from stories import hear_all, kill_a_process, kill_redis, listeners, restart_all  # noqa: E402

BUILD = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
SCRIPT = ROOT / "final" / "demos" / "cluster" / "cluster.py"
SECONDS = 60  # the limit of one story


def story(coroutine):
    return asyncio.run(asyncio.wait_for(coroutine, SECONDS))


def test_everybody_hears_each_message_once_and_in_order():
    async def talk():
        async with listeners([chat.port for chat in cluster.chats] + [cluster.nginx.port] * 8) as everybody:
            texts = []
            for number in range(60):
                texts.append(f"message {number}")
                speaker = everybody[number % len(everybody)]
                await speaker.say(texts[-1])
                await speaker.until(lambda: speaker.texts[-1:] == texts[-1:])
            await hear_all(everybody, texts)

    with Cluster(BUILD, processes=4) as cluster:
        story(talk())


def test_clients_of_a_killed_process_miss_nothing_and_get_nothing_twice():
    with Cluster(BUILD, processes=3) as cluster:
        seen = story(kill_a_process(cluster, clients=12, count=60))
    assert seen["cut"] < 12


def test_no_client_notices_that_all_processes_are_restarted():
    with Cluster(BUILD, processes=2) as cluster:
        seen = story(restart_all(cluster, clients=12, rounds=1))
    assert seen["closed"] >= 12


def test_what_redis_has_acknowledged_survives_its_restart():
    with Cluster(BUILD, demo="chat", processes=2) as cluster:
        seen = story(kill_redis(cluster, count=80))
    assert seen["acknowledged"] + seen["refused"] >= 80


# ---- the script


def children(pid):
    return [int(child) for child in pathlib.Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def alive(pid):
    with contextlib.suppress(FileNotFoundError):
        return pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    return False


@contextlib.contextmanager
def running_script(*options):
    with subprocess.Popen([sys.executable, str(SCRIPT), f"--build={BUILD}", "--port=0", *options],
                          stdout=subprocess.PIPE, text=True) as script:
        try:
            yield script
        finally:
            script.kill()


@pytest.mark.parametrize("end", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_the_script_ends_all_that_it_has_started(end):
    async def talk():
        async with listeners([port] * 3) as everybody:
            await everybody[0].say("hello")
            await hear_all(everybody, ["hello"])
            os.kill(chats[0], signal.SIGKILL)
            assert re.match(rf"chat \d \({chats[0]}\) ended with -9; started again as \d+\n", script.stdout.readline())
            # A client of the killed process may not have noticed yet, and would speak into the void.
            async with listeners([port]) as (newcomer,):
                await newcomer.say("still here")
                await hear_all([newcomer, *everybody], ["hello", "still here"])

    with running_script("--processes=2") as script:
        port = int(re.match(r"listening on http://127\.0\.0\.1:(\d+)\n", script.stdout.readline())[1])
        chats = [int(pid) for pid in re.findall(r"\d+", script.stdout.readline().partition("chat processes")[2])]
        assert script.stdout.readline().startswith("Open it in two browsers, ")
        story(talk())
        started = children(script.pid)
        assert len(started) == 4
        started += [worker for pid in started for worker in children(pid)]
        assert len(started) == 5, "nginx has no worker"
        script.send_signal(end)
        assert script.wait(timeout=30) == (-9 if end == signal.SIGKILL else 0)
        for pid in started:
            while alive(pid):
                os.sched_yield()


def test_a_short_run_of_the_bench():
    done = subprocess.run([sys.executable, str(ROOT / "tests" / "cluster" / "cluster_bench.py"), f"--build={BUILD}", "--clients=40",
                           "--processes=2", "--rounds=1", "--messages=3", "--behind=10", "--restarts=1"], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    rows = re.findall(r"^\| (.*?) \| ([\d.]+) \| ([\d.]+) \| ([\d.]+) \|$", done.stdout, re.MULTILINE)
    assert [name for name, *_ in rows] == ["1 process, LocalBus", "1 process, Redis", "2 processes, Redis"]
    assert rows[0][3] == "1.00"
    assert re.search(r"^kill -9 of one of 2 chat processes: \d of 10 clients ", done.stdout, re.MULTILINE)
    assert re.search(r"^kill -9 of redis-server: \d+ messages refused, ", done.stdout, re.MULTILINE)
    assert re.search(r"^2 chat processes restarted in turn, rounds: 1\. wrk sent [\d,]+ requests .*; none failed\.", done.stdout, re.MULTILINE)


def test_a_cluster_that_cannot_start_says_why():
    with pytest.raises(ClusterError, match="is not built: scripts/build.sh"):
        Cluster(ROOT / "build" / "none")
    done = subprocess.run([sys.executable, str(SCRIPT), "--build=/none"], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith("error: /none/final/demos/websocket/websocket is not built")


def test_a_chat_that_cannot_start_says_why(tmp_path):
    program = tmp_path / "final" / "demos" / "websocket" / "websocket"
    program.parent.mkdir(parents=True)
    program.write_text("#!/bin/sh\necho 'error: no bus for that' >&2\nexit 2\n")
    program.chmod(0o755)
    with pytest.raises(ClusterError, match=r"chat \d ended with 2: error: no bus for that"), Cluster(tmp_path):
        pass


def test_a_taken_port_is_reported():
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        with pytest.raises(ClusterError, match="nginx ended with 1 before it was ready: .*could not bind"), \
                Cluster(BUILD, processes=1, port=taken.getsockname()[1]):
            pass


def test_a_bad_url_of_the_bus_ends_the_demos():
    for demo in "chat", "websocket":
        for url, words in ("redish://x", "no bus for 'redish'"), ("redis://:secret@host:x", "bad URL of Redis: the port"):
            done = subprocess.run([BUILD / "final" / "demos" / demo / demo, "--port=0", f"--bus={url}"],
                                  capture_output=True, text=True, timeout=30)
            assert done.returncode == 2 and done.stderr.startswith("error: ") and words in done.stderr, done
            assert "secret" not in done.stderr
