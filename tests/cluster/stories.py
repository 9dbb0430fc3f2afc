"""What happens to a conversation when a program of the cluster is killed. Each story checks that nothing is lost, and returns
what it has seen."""

import asyncio
import contextlib
import os
import re
import signal
import time

from conversation import Listener, post

STARTING = 100  # listeners at a time
AWAY = 10  # messages while Redis is away


@contextlib.asynccontextmanager
async def listeners(ports):
    """A Listener on each port, connected."""
    made = [Listener(port, f"guest {number}") for number, port in enumerate(ports)]
    tasks = []
    try:
        for begin in range(0, len(made), STARTING):
            some = made[begin:begin + STARTING]
            tasks += [asyncio.create_task(one.run()) for one in some]
            for one in some:
                await one.until(lambda one=one: one.socket is not None)
        yield made
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextlib.asynccontextmanager
async def keeper(cluster):
    """Starts again what ends. If that fails, the story ends with the reason."""
    async def look_after():
        while True:
            cluster.look_after()
            await asyncio.sleep(0.02)

    story = asyncio.current_task()
    task = asyncio.create_task(look_after())
    task.add_done_callback(lambda done: done.cancelled() or story.cancel(str(done.exception())))
    try:
        yield
    finally:
        task.cancel()


@contextlib.asynccontextmanager
async def requests(port):
    """wrk's requests. Yields a dict, which in the end has their number and the errors that wrk reports."""
    wrk = await asyncio.create_subprocess_exec("wrk", "-t1", "-c16", "-d1h", "--timeout", "1m", f"http://127.0.0.1:{port}/",
                                               stdout=asyncio.subprocess.PIPE)
    report = {}
    try:
        yield report
        wrk.send_signal(signal.SIGINT)  # it ends with its report
        text = (await wrk.communicate())[0].decode()
        report["requests"] = int(re.search(r"(\d+) requests in ", text)[1])
        report["errors"] = re.findall(r"^\s*(Socket errors: .+|Non-2xx or 3xx responses: \d+)$", text, re.MULTILINE)
    finally:
        if wrk.returncode is None:
            wrk.kill()
            await wrk.wait()


async def restart(chat):
    """Ends a process as a deployment does, and starts its successor, which listens when this returns."""
    chat.ask_to_end()
    while chat.process.poll() is None:
        await asyncio.sleep(0.01)
    assert chat.process.returncode == 0
    chat.wait()
    chat.starts.clear()  # it has not failed
    chat.start()


async def hear_all(everybody, texts):
    """Waits until all have heard the last one; they must have heard each once, and in order."""
    for one in everybody:
        await one.until(lambda one=one: one.texts[-1:] == texts[-1:])
        assert one.texts == texts
        assert one.ids == sorted(set(one.ids))


async def kill_a_process(cluster, clients, count):
    """The first process is killed while another one's member says `count` messages to `clients` behind nginx."""
    async with keeper(cluster), listeners([cluster.chats[1].port]) as (speaker,), \
            listeners([cluster.nginx.port] * clients) as everybody:
        texts = [f"message {number}" for number in range(count)]
        for number, text in enumerate(texts):
            if number == count // 2:
                os.kill(cluster.chats[0].pid, signal.SIGKILL)
                killed = time.monotonic()
            await speaker.say(text)
            await speaker.until(lambda heard=number + 1: len(speaker.heard) == heard)
        await hear_all([speaker, *everybody], texts)
        cut = [one for one in everybody if one.connections > 1]
        assert cut, "nobody was cut off"
        return {"cut": len(cut), "back_s": max(one.opened for one in cut) - killed}


async def restart_all(cluster, clients, rounds):
    """All processes are restarted, one after the other, under wrk's requests and `clients` WebSockets, all through nginx."""
    texts = [f"message {number}" for number in range(rounds * len(cluster.chats))]
    async with listeners([cluster.nginx.port] * clients) as everybody:
        async with requests(cluster.nginx.port) as report:
            for number, text in enumerate(texts):
                await restart(cluster.chats[number % len(cluster.chats)])
                await everybody[0].say(text)
                await hear_all(everybody, texts[:number + 1])
        closed = [code for one in everybody for code in one.codes]
        assert report["errors"] == [] and report["requests"] > 0, report
        assert set(closed) == {1001} and sum(one.accidents for one in everybody) == 0
        return {"requests": report["requests"], "restarts": len(texts), "closed": len(closed)}


async def kill_redis(cluster, count):
    """redis-server is killed, and started again after ten more messages, while `count` are posted to the chat by long polling."""
    acknowledged, refused, number, back = [], 0, 0, None
    while number < count or back is None:
        if number == count // 2:
            os.kill(cluster.redis.pid, signal.SIGKILL)
            cluster.redis.process.wait()
        if number == count // 2 + AWAY:
            cluster.look_after()
            started = time.monotonic()
        status, fields, said = await post(cluster.nginx.port, "/a/message/new", body=f"message {number}")
        number += 1
        if status == 200:
            acknowledged.append(said)
            if refused and back is None:
                back = time.monotonic() - started
        else:
            assert (status, int(fields["retry-after"]) >= 1) == (503, True), said
            assert said["error"].startswith(f"redis://127.0.0.1:{cluster.redis.port}: ")
            refused += 1
    assert refused >= AWAY
    heard, cursor = [], "0"
    while cursor != acknowledged[-1]["id"]:
        _, _, news = await post(cluster.nginx.port, "/a/message/updates", cursor=cursor)
        heard += news["messages"]
        cursor = heard[-1]["id"]
    # A message that was refused may be there: its fate was unknown.
    ids = {said["id"] for said in acknowledged}
    assert [message for message in heard if message["id"] in ids] == acknowledged
    return {"acknowledged": len(acknowledged), "refused": refused, "back_s": back}
