"""The server behind TLS, seen by clients that are not ours: Python's ssl, curl, openssl s_client."""

import contextlib
import http.client
import os
import pathlib
import re
import signal
import socket
import ssl
import subprocess
import time
import urllib.request

import pytest
from authority import Authority, run
from wire_server import wait_until

ADDRESS = re.compile(r"listening on https://127\.0\.0\.1:(\d+)")
REQUEST = b"GET /request HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="module")
def certificate(authority):
    return authority.issue("localhost")


@pytest.fixture
def start_tls_server(start_server, certificate):
    """A function that starts a server with a second port for TLS, `tls_port`."""

    def start(*options, certfile=certificate):
        server = start_server(f"--certfile={certfile}", *options)
        server.tls_port = int(ADDRESS.match(server.process.stdout.readline()).group(1))
        return server

    return start


@pytest.fixture
def server(start_tls_server):
    return start_tls_server()


@pytest.fixture
def context(authority):
    return ssl.create_default_context(cafile=authority.file)


def connect(server, context, host="localhost"):
    plain = socket.create_connection(("127.0.0.1", server.tls_port), timeout=10)
    return context.wrap_socket(plain, server_hostname=host, suppress_ragged_eofs=False)


def read_all(connection):
    """Up to the end, which must come in good order: a truncated one raises SSLEOFError."""
    pieces = []
    while piece := connection.recv(65536):
        pieces.append(piece)
    return b"".join(pieces)


def test_HS07_python_gets_https_with_a_clean_end(server, context):
    with connect(server, context) as connection:
        assert connection.version() == "TLSv1.3"
        connection.sendall(REQUEST)
        answer = read_all(connection)
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b'"protocol": "https"' in answer


def test_TLSv1_2(server, context):
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with connect(server, context) as connection:
        connection.sendall(REQUEST)
        assert b'"protocol": "https"' in read_all(connection)


def test_nothing_below_TLSv1_2(server):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_1",
                           "-cipher", "ALL@SECLEVEL=0"], input="", capture_output=True, text=True, timeout=60)
    assert done.returncode != 0
    assert "alert protocol version" in done.stderr


def test_no_compression_and_secure_renegotiation_in_s_client(server, authority):
    done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_2",
                           "-CAfile", str(authority.file), "-verify_return_error"],
                          input="", capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "Verify return code: 0 (ok)" in done.stdout
    assert "Compression: NONE" in done.stdout
    assert "Secure Renegotiation IS supported" in done.stdout


def test_a_client_may_not_renegotiate(server):
    # s_client asks for it at a line "R".
    with subprocess.Popen(["openssl", "s_client", "-connect", f"127.0.0.1:{server.tls_port}", "-tls1_2"],
                          stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True) as client:
        lines = []
        while not lines or "Extended master secret" not in lines[-1]:
            lines.append(client.stdout.readline())
            assert lines[-1], lines
        client.stdin.write("R\n")
        client.stdin.flush()
        rest = client.communicate(timeout=30)[0]
    assert "no renegotiation" in rest, rest


def test_curl(server, authority):
    done = run("curl", "-sS", "--cacert", authority.file, f"https://localhost:{server.tls_port}/request",
               "--resolve", f"localhost:{server.tls_port}:127.0.0.1")
    assert '"protocol": "https"' in done.stdout


def test_curl_uploads_and_downloads_16_mebibytes(server, authority, tmp_path):
    upload = tmp_path / "upload"
    upload.write_bytes(bytes(range(256)) * 65536)
    download = tmp_path / "download"
    run("curl", "-sS", "--cacert", authority.file, f"https://127.0.0.1:{server.tls_port}/echo",
        "-H", "Content-Type: application/octet-stream", "--data-binary", f"@{upload}", "-o", download)
    assert download.read_bytes().endswith(upload.read_bytes())


def test_a_client_that_checks_the_name_is_served_and_one_with_another_is_not(server, context):
    with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
        connect(server, context, host="example.org")


def test_alpn(server, context):
    context.set_alpn_protocols(["h2", "http/1.1"])
    with connect(server, context) as connection:
        assert connection.selected_alpn_protocol() == "http/1.1"


def test_a_session_is_resumed(server, context):
    with connect(server, context) as first:
        first.sendall(REQUEST)
        read_all(first)
        session = first.session
    plain = socket.create_connection(("127.0.0.1", server.tls_port), timeout=10)
    with context.wrap_socket(plain, server_hostname="localhost", session=session) as second:
        assert second.session_reused
        second.sendall(REQUEST)
        assert read_all(second).startswith(b"HTTP/1.1 200")


def test_client_certificates(start_tls_server, authority, context, tmp_path):
    server = start_tls_server(f"--ca_certs={authority.file}")
    with connect(server, context) as without:  # it may be missing here
        without.sendall(REQUEST)
        assert read_all(without).startswith(b"HTTP/1.1 200")
    context.load_cert_chain(authority.issue("client"))
    with connect(server, context) as good:
        good.sendall(REQUEST)
        assert read_all(good).startswith(b"HTTP/1.1 200")
    stranger_folder = tmp_path / "stranger"
    stranger_folder.mkdir()
    context.load_cert_chain(Authority(stranger_folder).issue("client"))
    with pytest.raises((ssl.SSLError, ConnectionResetError)):
        with connect(server, context) as bad:
            bad.sendall(REQUEST)
            read_all(bad)


def test_the_certificate_is_renewed_without_a_restart(start_tls_server, authority, context, tmp_path):
    certfile = tmp_path / "renewed.pem"
    certfile.write_bytes(authority.issue("first").read_bytes())
    server = start_tls_server(certfile=certfile)

    def name_of(connection):
        return dict(field[0] for field in connection.getpeercert()["subject"])["commonName"]

    with connect(server, context) as old:
        assert name_of(old) == "first"
        certfile.write_bytes(authority.issue("second").read_bytes())
        server.process.send_signal(signal.SIGHUP)
        assert server.process.stdout.readline() == "reloaded\n"
        with connect(server, context) as new:
            assert name_of(new) == "second"
        old.sendall(REQUEST)
        assert read_all(old).startswith(b"HTTP/1.1 200")


def test_plain_http_and_garbage_on_the_tls_port(server, context):
    for words in (REQUEST, b"\x00" * 1000, b"\x16\x03\x01\x40\x00" + b"\x01" * 100, b"SSH-2.0-OpenSSH_9.2\r\n"):
        with socket.create_connection(("127.0.0.1", server.tls_port), timeout=10) as plain:
            plain.sendall(words)
            plain.shutdown(socket.SHUT_WR)
            answer = b""
            try:
                while piece := plain.recv(65536):
                    answer += piece
            except ConnectionResetError:
                pass
            assert b"HTTP" not in answer
    with connect(server, context) as connection:
        connection.sendall(REQUEST)
        assert read_all(connection).startswith(b"HTTP/1.1 200")
    assert "Traceback" not in server.log()


def test_a_silent_client_is_sent_away_and_costs_nothing(start_tls_server, context):
    server = start_tls_server("--handshake_timeout=0.5")
    with connect(server, context) as good:
        good.sendall(REQUEST)
        read_all(good)
    files = server.open_files()
    silent = [socket.create_connection(("127.0.0.1", server.tls_port), timeout=10) for _ in range(50)]
    busy = server.cpu_seconds()
    begin = time.monotonic()
    for one in silent:
        assert one.recv(1) == b""
        one.close()
    assert time.monotonic() - begin < 5
    assert server.cpu_seconds() - busy < 1
    wait_until(lambda: server.open_files() <= files, "the descriptors are closed")


def test_python_urllib_over_https(server, context):
    url = f"https://localhost:{server.tls_port}/big?n=3000000"
    with urllib.request.urlopen(url, context=context, timeout=20) as response:
        assert len(response.read()) == 3000000


def test_one_byte_a_record_both_ways(server, context):
    with connect(server, context) as connection:
        for byte in REQUEST:
            connection.sendall(bytes([byte]))
        answer = b""
        while piece := connection.recv(1):
            answer += piece
    assert answer.startswith(b"HTTP/1.1 200") and b'"https"' in answer


def big_folder(tmp_path):
    """A folder with a file of more than the kernel's buffers of a connection hold."""
    block = b"".join(b"%07d\n" % number for number in range(1000))
    (tmp_path / "big").write_bytes(block * 2500)
    (tmp_path / "small").write_bytes(block[:1000])
    return tmp_path, block * 2500


def test_WX08_static_files_whole_and_in_parts(start_tls_server, context, tmp_path):
    folder, big = big_folder(tmp_path)
    server = start_tls_server(f"--static_path={folder}")
    with contextlib.closing(http.client.HTTPSConnection("localhost", server.tls_port, context=context,
                                                        timeout=20)) as connection:
        def get(path, **headers):
            connection.request("GET", path, headers=headers)
            answer = connection.getresponse()
            return answer.status, answer.read()

        # All on one connection: a byte too many or too few would spoil the next answer.
        assert get("/static/big") == (200, big)
        for begin, end in ((0, 0), (16_383, 16_384), (1, 16_384), (65_535, 200_000), (0, 12_345_678)):
            assert get("/static/big", Range=f"bytes={begin}-{end}") == (206, big[begin:end + 1])
        assert get("/static/small") == (200, big[:1000])
        assert get("/request")[0] == 200


def test_slow_readers_of_static_files_cost_no_memory(start_tls_server, context, tmp_path, monkeypatch):
    monkeypatch.setenv("ASAN_OPTIONS", "quarantine_size_mb=1")  # else it keeps what was freed
    folder, big = big_folder(tmp_path)
    server = start_tls_server(f"--static_path={folder}")

    def memory():
        pages = pathlib.Path(f"/proc/{server.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGE_SIZE")

    with contextlib.ExitStack() as stack:
        readers = [stack.enter_context(connect(server, context)) for _ in range(20)]
        for reader in readers:  # what each connection needs anyway
            reader.sendall(b"GET /static/small HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert reader.recv(100).startswith(b"HTTP/1.1 200")
        before = memory()
        for reader in readers:
            reader.sendall(b"GET /static/big HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            assert reader.recv(1)
        with connect(server, context) as other:
            for _ in range(100):  # rounds of the server's loop
                other.sendall(b"GET /static/small HTTP/1.1\r\nHost: localhost\r\n\r\n")
                assert other.recv(4096).startswith(b"HTTP/1.1 200")
        assert memory() - before < 20 * 500_000, "20 readers of 20 MB each"
        assert read_all(readers[0]).endswith(big)


def test_a_static_file_that_shrinks_ends_without_a_good_end(start_tls_server, context, tmp_path):
    folder, big = big_folder(tmp_path)
    server = start_tls_server(f"--static_path={folder}")
    with connect(server, context) as connection:
        connection.sendall(b"GET /static/big HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert connection.recv(100).startswith(b"HTTP/1.1 200")
        os.truncate(folder / "big", 1000)
        received = 0
        with contextlib.suppress(ssl.SSLError, ConnectionResetError):
            while piece := connection.recv(65536):
                received += len(piece)
        assert received < len(big)
    wait_until(lambda: "A file became shorter while it was sent" in server.log(), "the server says so")
