"""Both our HTTP clients, as the demo `fetch` uses them, against TLS servers of Python's ssl module."""

import contextlib
import http.server
import ssl
import threading

import pytest
from authority import Authority
from test_fetch import fetch


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = {"/plain": lambda: "plain", "/version": self.connection.version, "/who": self.who}[self.path]()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body.encode())

    def who(self):
        return dict(field[0] for field in self.connection.getpeercert()["subject"])["commonName"]

    def finish(self):
        super().finish()
        with contextlib.suppress(OSError):
            self.connection.unwrap()

    def log_message(self, *_arguments):
        pass


class Server(http.server.ThreadingHTTPServer):
    """Shakes hands in the thread of the connection, and keeps what went wrong with it."""

    def __init__(self, context):
        super().__init__(("127.0.0.1", 0), Handler)
        self.context = context
        self.errors = []
        self.thread = threading.Thread(target=self.serve_forever)

    def finish_request(self, request, client_address):
        try:
            with self.context.wrap_socket(request, server_side=True) as secure:
                super().finish_request(secure, client_address)
        except ssl.SSLError as error:
            self.errors.append(error.reason)
        except ConnectionError as error:  # the client has closed without a word
            self.errors.append(str(error))

    def url(self, path="/plain", host="localhost"):
        return f"https://{host}:{self.server_port}{path}"

    def close(self):
        """What connections have left behind is there afterwards."""
        if self.thread.is_alive():
            self.shutdown()
            self.thread.join()
            self.server_close()


@pytest.fixture(scope="module")
def authority(tmp_path_factory):
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def serve(authority):
    """A function that starts a server with a certificate, whose context it may change first."""
    started = []

    def start(certificate=None, prepare=lambda context: None):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate or authority.issue("localhost"))
        prepare(context)
        started.append(Server(context))
        started[-1].thread.start()
        return started[-1]

    yield start
    for server in started:
        server.close()


@pytest.fixture(params=["simple", "curl"])
def get(request, authority):
    """A function that fetches with one of the clients, which trusts the authority."""
    return lambda *arguments: fetch(f"--curl={request.param == 'curl'}".lower(), f"--ca_certs={authority.file}",
                                    *arguments)


def test_a_good_certificate_by_name_and_by_address(serve, get):
    server = serve()
    assert get(server.url(), server.url("/version", "127.0.0.1")) == (0, b"plain\nTLSv1.3", "")


def test_TLSv1_2(serve, get):
    def old(context):
        context.maximum_version = ssl.TLSVersion.TLSv1_2

    assert get(serve(prepare=old).url("/version")) == (0, b"TLSv1.2", "")


@pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")
def test_nothing_below_TLSv1_2(serve, get):
    def too_old(context):
        context.set_ciphers("ALL:@SECLEVEL=0")
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = ssl.TLSVersion.TLSv1_1

    server = serve(prepare=too_old)
    code, printed, said = get(server.url())
    assert (code, printed) == (1, b"")
    assert "version" in said
    server.close()
    assert server.errors == ["UNSUPPORTED_PROTOCOL"]


@pytest.mark.parametrize("certificate, why", [
    (dict(name="old", expired=True), "certificate has expired"),
    (dict(name="example.org", alt_names="DNS:example.org,IP:127.0.0.2"), "localhost"),
])
def test_a_certificate_that_does_not_verify(serve, get, authority, certificate, why):
    server = serve(authority.issue(**certificate))
    code, printed, said = get(server.url())
    assert (code, printed) == (1, b"")
    assert why in said or "hostname mismatch" in said, said
    assert get("--validate_cert=false", server.url()) == (0, b"plain", "")


def test_an_authority_that_nobody_trusts(serve, get, tmp_path):
    code, printed, said = get(serve(Authority(tmp_path).issue("localhost")).url())
    assert (code, printed) == (1, b"")
    assert "unable to get local issuer certificate" in said


def test_a_certificate_of_ours(serve, get, authority, tmp_path):
    def asking(context):
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(authority.file)

    server = serve(prepare=asking)
    url = server.url("/who")
    assert get(f"--client_cert={authority.issue('a client')}", url) == (0, b"a client", "")
    authority.issue("in two files")
    files = [f"--client_cert={authority.folder}/in two files.crt", f"--client_key={authority.folder}/in two files.key"]
    assert get(*files, url) == (0, b"in two files", "")
    assert get(url)[0] == 1
    assert get(f"--client_cert={Authority(tmp_path).issue('a stranger')}", url)[0] == 1
    server.close()
    assert server.errors == ["PEER_DID_NOT_RETURN_A_CERTIFICATE", "CERTIFICATE_VERIFY_FAILED"]


def test_RFC_8446_2_2_the_second_connection_of_a_client_resumes_the_session(serve, get):
    server = serve()
    assert get(server.url(), server.url()) == (0, b"plain\nplain", "")
    server.close()
    statistics = server.context.session_stats()
    assert (statistics["accept"], statistics["hits"]) == (2, 1)


def test_a_server_without_tls(get):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as plain:
        thread = threading.Thread(target=plain.serve_forever)
        thread.start()
        code, printed, said = get(f"https://localhost:{plain.server_port}/plain")
        plain.shutdown()
        thread.join()
    assert (code, printed) == (1, b"")
    assert "wrong version number" in said
