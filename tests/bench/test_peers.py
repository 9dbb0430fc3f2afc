"""The servers of tests/bench/peers: how they are made, and that those installed here take part in a comparison."""

import json
import os
import socket
import time
from pathlib import Path

import bench_process as bp
import hello_bench as hb
import pytest
from peers import peers

BUILD = Path(os.environ["TORNADO_BUILD"]) / "tests" / "bench"
INSTALLED = [peer for peer in peers.PEERS if not peer.missing()]
COUNTING = ("sh", "-c", "echo compiled >>{program}.log; cp {source} {program}")


@pytest.fixture
def built(tmp_path, monkeypatch):
    monkeypatch.setattr(peers, "BUILT", tmp_path / "built")
    return tmp_path / "built"


def test_node_is_among_them():
    assert "node" in [peer.name for peer in INSTALLED]  # the group `test` has it for its WebSocket package


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
def test_a_peer_keeps_its_connection_and_responds_with_what_is_compared(peer, built, tmp_path):
    peer.prepare()
    port = bp.free_port()
    with bp.Server(peer.command(port, tmp_path), port, None, tmp_path / "log") as server:
        assert server.wait_ready() == (200, hb.BODY)
        with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
            for requests in (1, 1, 16):  # 16: those of the load p16, which arrive together
                client.sendall(requests * b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                received = b""
                while received.count(hb.BODY) < requests:
                    chunk = client.recv(65536)
                    assert chunk, "closed by the server"
                    received += chunk
                assert received.count(b"HTTP/1.1 200 ") == requests


@pytest.mark.parametrize("peer", INSTALLED, ids=lambda peer: peer.name)
def test_a_peer_survives_clients_that_leave_in_the_middle_of_a_pipeline(peer, built, tmp_path):
    peer.prepare()
    port = bp.free_port()
    with bp.Server(peer.command(port, tmp_path), port, None, tmp_path / "log") as server:
        server.wait_ready()
        for _ in range(20):
            with socket.create_connection(("127.0.0.1", port), timeout=10) as client:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
                client.sendall(1000 * b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
                client.shutdown(socket.SHUT_WR)  # after it, a reset makes the server's next write raise SIGPIPE
        assert server.wait_ready() == (200, hb.BODY)


@pytest.mark.parametrize("tool, header", [("no-such-program", ""), ("sh", "no/such/header.h")])
def test_a_peer_without_its_package_is_left_out_with_the_reason(tool, header):
    assert peers.Peer("x", "libx-dev", tool, "x.cc", header).missing() == "libx-dev is not installed"


def test_a_peer_is_compiled_once_and_again_when_its_source_is_newer(built, tmp_path):
    source = tmp_path / "x.cc"
    source.write_text("first")
    peer = peers.Peer("x", "x", "sh", str(source), compiler=COUNTING)
    peer.prepare()
    peer.prepare()
    assert ((built / "x").read_text(), (built / "x.log").read_text()) == ("first", "compiled\n")
    source.write_text("second")
    os.utime(source, (time.time() + 60,) * 2)
    peer.prepare()
    assert ((built / "x").read_text(), (built / "x.log").read_text()) == ("second", "compiled\n" * 2)


def test_a_peer_that_does_not_compile_has_no_figures_and_says_why(built, tmp_path):
    peer = peers.Peer("x", "x", "sh", "x.cc", compiler=("sh", "-c", "echo no such type >&2; exit 1"))
    with pytest.raises(RuntimeError, match="no such type"):
        hb.peer_contender(peer).start(None, tmp_path)


def test_a_peer_takes_part_in_a_comparison(tmp_path):
    assert hb.main(["--peers", "--only=node", "--loads=c64", "--rounds=1", "--seconds=1", "--retries=0", "--others=9",
                    f"--build={BUILD}", f"--json={tmp_path}/hello.json"]) == 0
    told = json.loads((tmp_path / "hello.json").read_text())
    assert [sample["contender"] for sample in told["samples"]] == ["node", "raw"]
    assert 0 < told["summary"]["c64"]["node"]["ratio"] and told["versions"]["node"]
