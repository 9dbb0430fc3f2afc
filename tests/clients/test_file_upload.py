"""The file_upload demo: its receiver against its uploader, curl, hand-made requests and a browser; and how much memory
an upload takes."""

import os
import pathlib
import re
import subprocess
import sys

import pytest
from raw import connect
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import WireServer, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGE = "final/demos/file_upload/README.md"
MEGABYTE = 1 << 20
PART = b'--b\r\nContent-Disposition: form-data; name="files"; filename="%s"\r\nContent-Type: a/b\r\n\r\n'


def program(name):
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return str(build / "final" / "demos" / "file_upload" / name)


@pytest.fixture
def receiver():
    server = WireServer([program("file_upload")], "--port=0")
    yield server
    server.check_alive()
    server.stop()


@pytest.fixture
def files(tmp_path):
    """Names and contents: empty, small, binary, and with a name that has to be escaped."""
    contents = {"empty": b"", "a b.txt": b"small", 'q"uote': b"\r\n--b--\r\n" * 9, "binary": os.urandom(3_000_000)}
    for name, content in contents.items():
        (tmp_path / name).write_bytes(content)
    return {str(tmp_path / name): len(content) for name, content in contents.items()}


def uploader(receiver, *arguments):
    return subprocess.run([program("file_uploader"), f"--server={receiver.url}", *arguments], capture_output=True,
                          text=True, timeout=60)


def lines_about(log, verb):
    """What the receiver logged of the files, but for the time."""
    return re.findall(rf"({verb} \".*\" \".*\" \d+ bytes)", log)


def head(path, method="POST", *fields):
    return "\r\n".join([f"{method} {path} HTTP/1.1", "Host: h", *fields, "", ""]).encode()


def form_head(path, length, *fields):
    return head(path, "POST", "Content-Type: multipart/form-data; boundary=b", f"Content-Length: {length}", *fields)


def peak_kilobytes(server):
    status = pathlib.Path(f"/proc/{server.pid}/status").read_text()
    return int(re.search(r"VmHWM:\s+(\d+) kB", status)[1])


# ---- both programs of the demo


@pytest.mark.parametrize("path", ["/post", "/big"])
def test_uploader_posts_a_form(receiver, files, path):
    done = uploader(receiver, f"--path={path}", *files)
    assert (done.returncode, done.stderr) == (0, "")
    names = [pathlib.Path(name).name.replace('"', "%22") for name in files]
    expected = [f'POST "{name}" "application/octet-stream" {size} bytes' for name, size in zip(names, files.values())]
    assert sorted(lines_about(receiver.log(), "POST")) == sorted(expected)  # by the names of the fields
    if path == "/post":
        assert done.stdout == "OK\n"
    else:
        assert done.stdout.count("<li>") == len(files)


def test_uploader_puts_each_file(receiver, files):
    done = uploader(receiver, "--put", *files)
    assert (done.returncode, done.stdout, done.stderr) == (0, "OK\n" * len(files), "")
    expected = [f'PUT "{pathlib.Path(name).name}" "application/octet-stream" {size} bytes' for name, size in files.items()]
    assert lines_about(receiver.log(), "PUT") == expected


def test_uploader_says_what_is_wrong(receiver, tmp_path):
    missing = uploader(receiver, str(tmp_path / "missing"))
    assert missing.returncode == 1
    assert "cannot open" in missing.stderr
    assert uploader(receiver).returncode == 2


@pytest.mark.parametrize("path", ["/post", "/big"])
def test_curl_posts_a_form(receiver, files, path):
    forms = [word for name in files for word in ("-F", f'files=@"{name}"' if '"' not in name else "note=x")]
    done = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", *forms,
                           receiver.url + path], capture_output=True, text=True, timeout=30)
    assert (done.returncode, done.stderr) == (0, "")
    sizes = [size for name, size in files.items() if '"' not in name]
    assert [int(line.split()[-2]) for line in lines_about(receiver.log(), "POST")] == sizes


def test_curl_puts_with_100_continue(receiver, files):
    name = next(name for name, size in files.items() if size > MEGABYTE)
    done = subprocess.run(["curl", "--silent", "--show-error", "--noproxy", "*", "--max-time", "20", "--expect100-timeout", "15",
                           "--header", "Expect: 100-continue", "--upload-file", name, receiver.url + "/a%2Fb"],
                          capture_output=True, text=True, timeout=30)
    assert (done.stdout, done.stderr) == ("OK", "")
    assert lines_about(receiver.log(), "PUT") == [f'PUT "a/b" "" {files[name]} bytes']


# ---- what no honest client sends


def test_1_6_a_form_without_a_boundary_is_refused_before_it_is_sent(receiver):
    with connect(receiver.port) as client:
        client.send(head("/big", "POST", "Content-Type: multipart/form-data", "Content-Length: 99", "Expect: 100-continue"))
        assert client.read_response().status == 400
        client.assert_closed()


def test_1_6_the_body_is_asked_for_once_prepare_has_ended(receiver):
    with connect(receiver.port) as client:
        client.send(head("/x", "PUT", "Content-Length: 3", "Expect: 100-continue"))
        assert client.read_response().status == 100
        client.send(b"abc")
        assert client.read_response().body == b"OK"
        client.send(head("/y", "PUT", "Content-Length: 0"))
        assert client.read_response().body == b"OK"


def test_1_7_a_verb_that_is_missing_leaves_the_body_unread_and_closes(receiver):
    with connect(receiver.port) as client:
        client.send(head("/x", "POST", "Content-Length: 1000000", "Expect: 100-continue"))
        response = client.read_response()
        assert (response.status, response.get("Allow")) == (405, "PUT")
        client.assert_closed()


def test_1_5_set_max_body_size_is_for_the_pages_that_set_it(receiver):
    with connect(receiver.port) as client:
        client.send(head("/x", "PUT", "Content-Length: 10000000001"))
        assert client.read_response().status == 413
        client.assert_closed()
    with connect(receiver.port) as client:
        client.send(form_head("/post", 104857601))
        assert client.read_response().status == 413
        client.assert_closed()
    with connect(receiver.port) as client:
        client.send(form_head("/big", 104857601, "Expect: 100-continue"))
        assert client.read_response().status == 100


def test_2_4_a_broken_form_ends_where_it_breaks(receiver):
    with connect(receiver.port) as client:
        client.send(form_head("/big", 1000000) + b"--b\r\nno colon\r\n\r\n")
        assert client.read_response().status == 400
        client.assert_closed()
    body = PART % b"x" + b"cut off"
    with connect(receiver.port) as client:
        client.send(form_head("/big", len(body)) + body)
        assert client.read_response().status == 400  # the body was read: the connection is good
        client.send(head("/", "GET"))
        assert client.read_response().status == 200


def test_a_client_that_leaves_in_the_middle_leaves_nothing(receiver):
    before = receiver.open_files()
    for way in ("close", "reset", "half_close") * 5:
        with connect(receiver.port) as client:
            client.send(form_head("/big", 1000000) + PART % b"x" + b"x" * 300000)
            wait_until(lambda: receiver.open_files() >= before + 2, "the connection and its file")
            getattr(client, way)()
            wait_until(lambda: receiver.open_files() == before, f"an end after {way}")


def test_names_are_shown_as_text(receiver):
    body = PART % b"<b>'&" + b"x\r\n--b--\r\n"
    with connect(receiver.port) as client:
        client.send(form_head("/big", len(body)) + body)
        assert b"<li>POST &quot;&lt;b&gt;&#x27;&amp;&quot; &quot;a/b&quot; 1 bytes</li>" in client.read_response().body


# ---- memory


def send_big(receiver, path, megabytes):
    """A file of so many megabytes, as a form or as a PUT; the answer's text."""
    before, after = (PART % b"big", b"\r\n--b--\r\n") if path == "/big" else (b"", b"")
    length = len(before) + megabytes * MEGABYTE + len(after)
    start = form_head(path, length) if path == "/big" else head(path, "PUT", f"Content-Length: {length}")
    piece = bytes(MEGABYTE)
    with connect(receiver.port, timeout=60) as client:
        client.send(start + before)
        for _ in range(megabytes):
            client.send(piece)
        client.send(after)
        return client.read_response().body.decode()


@pytest.mark.parametrize("path", ["/big", "/put"])
def test_256_megabytes_stay_out_of_memory(receiver, path):
    send_big(receiver, path, 256)
    verb = "POST" if path == "/big" else "PUT"
    assert [line.split()[-2] for line in lines_about(receiver.log(), verb)] == [str(256 * MEGABYTE)]
    assert peak_kilobytes(receiver) < 32 * 1024


# ---- a browser


def test_browser_uploads_files(receiver, files, start_browser):
    browser = start_browser()
    try:
        browser.get(receiver.url + "/")
        browser.find_element(By.NAME, "files").send_keys("\n".join(files))
        browser.find_element(By.NAME, "note").send_keys("ein \u00e4")
        browser.find_element(By.TAG_NAME, "button").click()
        WebDriverWait(browser, 20).until(lambda driver: driver.title == "Uploaded")
        shown = [item.text for item in browser.find_elements(By.TAG_NAME, "li")]
        if os.environ.get("SCREENSHOTS"):
            browser.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], "file_upload.png"))
        browser.find_element(By.LINK_TEXT, "Upload more").click()
        WebDriverWait(browser, 20).until(lambda driver: driver.title == "Upload")
    finally:
        browser.quit()
    assert [int(text.split()[-2]) for text in shown] == list(files.values())
    assert [pathlib.Path(name).name.replace('"', "%22") for name in files] == [text.split('"')[1] for text in shown]


# ---- the page that explains it


def test_the_page_quotes_the_programs():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert len(quoted) >= 5
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])


def test_the_page_shows_what_the_programs_say(receiver, tmp_path):
    """Its console, with other ports and times."""
    page = (ROOT / PAGE).read_text()
    (tmp_path / "notes.txt").write_bytes(b"n" * 11)
    (tmp_path / "photo.jpg").write_bytes(b"p" * 70000)
    notes, photo = str(tmp_path / "notes.txt"), str(tmp_path / "photo.jpg")
    assert uploader(receiver, notes, photo).stdout == "OK\n"
    assert uploader(receiver, "--put", photo).stdout == "OK\n"
    for verb in ("POST", "PUT"):
        shown = lines_about(page, verb)
        assert shown and shown == lines_about(receiver.log(), verb)
