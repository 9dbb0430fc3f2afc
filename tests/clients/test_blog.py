"""The blog demo: its pages on SQLite and on PostgreSQL, what it does with bad input, and a browser that writes an entry."""

import glob
import hashlib
import os
import pathlib
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import xml.etree.ElementTree as ElementTree

import pytest
import requests
from raw import connect
from selenium.common.exceptions import StaleElementReferenceException
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import WireServer, wait_until

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGE = "final/demos/blog/README.md"
PASSWORD = "correct horse battery"
ATOM = "{http://www.w3.org/2005/Atom}"


def program():
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return str(build / "final" / "demos" / "blog" / "blog")


# ---- databases


class Postgres:
    """A PostgreSQL server of its own, reached through a socket in its folder. It refuses to run as root."""

    def __init__(self):
        self.folder = tempfile.mkdtemp(prefix="blog")
        self.user = "postgres" if os.geteuid() == 0 else None
        self.schemas = 0
        if self.user:
            shutil.chown(self.folder, self.user)
        self._bin = max(glob.glob("/usr/lib/postgresql/*/bin"), key=lambda path: int(path.split("/")[-2]))
        self._run("initdb", "--pgdata", self.folder + "/data", "--username=blog", "--auth=trust", "--no-sync")
        self.start()

    def _run(self, name, *arguments):
        subprocess.run([f"{self._bin}/{name}", *arguments], user=self.user, cwd=self.folder, check=True,
                       stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)

    def control(self, action, *options):
        self._run("pg_ctl", "--pgdata", self.folder + "/data", "-w", *options, action)

    def start(self):
        self.control("start", "-o", f"-F -c listen_addresses= -c unix_socket_directories={self.folder}")

    def stop(self, mode="fast"):
        self.control("stop", "-m", mode)

    def new_schema(self):
        """A URL whose tables are apart from those of other tests."""
        self.schemas += 1
        self.sql(f"CREATE SCHEMA {self.schema}")
        return f"postgresql:///template1?host={self.folder}&user=blog&options=-csearch_path%3D{self.schema}"

    @property
    def schema(self):
        """The last one."""
        return f"blog{self.schemas}"

    def shell(self):
        return [f"{self._bin}/psql", "--quiet", "--no-psqlrc", "--host", self.folder, "--username=blog", "template1"]

    def sql(self, statement):
        done = subprocess.run([*self.shell(), "--tuples-only", "--command", statement], check=True,
                              capture_output=True, text=True, timeout=30)
        return done.stdout.strip()


@pytest.fixture(scope="module")
def postgres():
    server = Postgres()
    yield server
    server.stop("immediate")
    shutil.rmtree(server.folder)


@pytest.fixture
def postgres_url(postgres):
    return postgres.new_schema()


@pytest.fixture
def sqlite_file(tmp_path):
    return str(tmp_path / "blog.db")


@pytest.fixture(params=["sqlite_file", "postgres_url"])
def database(request):
    return request.getfixturevalue(request.param)


# ---- the blog


class Reader:
    """Somebody with a browser: keeps cookies, and fills the token into forms."""

    def __init__(self, url):
        self.url = url
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, path, **options):
        return self.session.get(self.url + path, timeout=20, **options)

    def post(self, path, **fields):
        self.get("/auth/login")  # sets the cookie of the token
        fields["_xsrf"] = self.session.cookies["blog_xsrf"]
        return self.session.post(self.url + path, data=fields, timeout=20, allow_redirects=False)

    def make_account(self, **changed):
        return self.post("/auth/create", **{"name": "Ada", "email": "ada@example.com", "password": PASSWORD, **changed})

    def log_in(self, password=PASSWORD, path="/auth/login"):
        return self.post(path, email="ada@example.com", password=password)

    def publish(self, title, markdown="Text."):
        return self.post("/compose", title=title, markdown=markdown)


@pytest.fixture
def start():
    started = []

    def start_one(database, *options):
        started.append(WireServer([program()], "--port=0", f"--database={database}", *options))
        return started[-1]

    yield start_one
    for server in started:
        server.check_alive()
        server.stop()


@pytest.fixture
def blog(start, database):
    return start(database)


@pytest.fixture
def reader(blog):
    return Reader(blog.url)


@pytest.fixture
def author(blog):
    somebody = Reader(blog.url)
    assert somebody.make_account().status_code == 302
    return somebody


def entry_id(author, path):
    return re.search(r"/compose\?id=([0-9a-f]{32})", author.get(path).text)[1]


def location(response):
    assert response.status_code == 302
    return response.headers["Location"]


# ---- what it is for


def test_an_author_is_made_logs_in_writes_and_edits(blog, reader):
    assert "Nothing has been written yet" in reader.get("/").text
    assert reader.get("/auth/login").url == blog.url + "/auth/create"
    assert location(reader.make_account()) == "/"
    assert location(reader.post("/auth/logout")) == "/"
    assert "Log in" in reader.get("/").text

    assert reader.log_in("wrong").status_code == 403
    assert location(reader.log_in()) == "/"
    assert location(reader.publish("What a day!", "It was *long*.")) == "/entry/what-a-day"
    page = reader.get("/entry/what-a-day").text
    assert "<h1>What a day!</h1>" in page and "<p>It was <em>long</em>.</p>" in page and "Ada, <time" in page

    number = entry_id(reader, "/")
    form = reader.get(f"/compose?id={number}").text
    assert 'value="What a day!"' in form and "\nIt was *long*.</textarea>" in form
    assert location(reader.post("/compose", id=number, title="A day", markdown="    code")) == "/entry/what-a-day"
    page = Reader(blog.url).get("/entry/what-a-day").text
    assert "<h1>A day</h1>" in page and "<pre><code>code\n</code></pre>" in page and "Edit" not in page
    assert '<a href="/entry/what-a-day">A day</a>' in reader.get("/archive").text


def test_the_home_page_has_five_entries_and_the_feed_ten(author):
    for number in range(12):
        author.publish(f"Number {number}")
    home = author.get("/").text
    assert re.findall(r">Number (\d+)</a></h2>", home) == ["11", "10", "9", "8", "7"]
    assert author.get("/archive").text.count("<li>") == 12
    assert author.get("/feed").text.count("<entry>") == 10


def test_the_feed_is_atom(blog, author):
    author.publish("Fish & <chips>", "*Hot*\f")
    response = Reader(blog.url).get("/feed")
    assert response.headers["Content-Type"] == "application/atom+xml; charset=UTF-8"
    feed = ElementTree.fromstring(response.content)
    entry = feed.find(ATOM + "entry")
    assert feed.findtext(ATOM + "id") == blog.url + "/"
    assert entry.findtext(ATOM + "title") == "Fish & <chips>"
    assert entry.findtext(ATOM + "content").strip() == "<p><em>Hot</em></p>"
    assert entry.findtext(f"{ATOM}author/{ATOM}name") == "Ada"
    assert requests.get(entry.find(ATOM + "link").get("href"), timeout=20).status_code == 200
    times = [feed.findtext(ATOM + "updated"), entry.findtext(ATOM + "published"), entry.findtext(ATOM + "updated")]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", time) for time in times)


def test_entries_of_the_same_title_have_different_urls(author):
    assert location(author.publish("Twice")) == "/entry/twice"
    assert location(author.publish("Twice")) == "/entry/twice-2"
    assert location(author.publish("twice?")) == "/entry/twice-3"
    assert location(author.publish("日本")) == "/entry/entry"
    assert "<h1>日本</h1>" in author.get("/entry/entry").text


# ---- what people may send


def test_a_visitor_who_is_not_logged_in_cannot_write(blog, author, reader):
    assert location(reader.get("/compose", allow_redirects=False)) == "/auth/login?next=%2Fcompose"
    assert reader.publish("Mine").status_code == 403
    assert location(reader.log_in(path="/auth/login?next=%2Fcompose")) == "/compose"


def test_forms_without_the_token_are_refused(author):
    for path in ("/compose", "/auth/login", "/auth/create", "/auth/logout"):
        response = author.session.post(author.url + path, data={"title": "x", "markdown": "y"}, timeout=20)
        assert response.status_code == 403 and "open it again" in response.text
    assert "Log out" in author.get("/").text


def test_there_is_one_author(blog, author, reader):
    assert reader.get("/auth/create").url == blog.url + "/auth/login"
    assert reader.make_account(email="eve@example.com").status_code == 403
    assert reader.post("/auth/login", email="eve@example.com", password=PASSWORD).status_code == 403


def test_only_one_of_many_becomes_the_author(blog):
    statuses = []

    def try_it():
        statuses.append(Reader(blog.url).make_account().status_code)

    threads = [threading.Thread(target=try_it) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [302] + [403] * 5


def test_next_never_leaves_the_blog(author):
    for there in ("//evil.example", "/\\evil.example", "/\t/evil.example", "https://evil.example/", "evil", "/ /evil", "/\\\\e"):
        assert location(author.post("/auth/login", email="ada@example.com", password=PASSWORD, next=there)) == "/"
    assert location(author.post("/auth/login", email="ada@example.com", password=PASSWORD, next="/archive?a=b")) == "/archive?a=b"


def test_markdown_brings_no_scripts(author):
    author.publish("<script>1</script>", "<script>2</script>\n\n[a](javascript:alert(3)) <img src=x onerror=4>")
    page = author.get("/").text
    assert "<script" not in page and "javascript:" not in page and "onerror" not in page
    assert "&lt;script&gt;1&lt;/script&gt;" in page


def test_text_is_never_sql(author):
    title, text = "'); DROP TABLE entries; --", "$1 ' \" \\ %s ?"
    location(author.publish(title, text))
    form = author.get("/compose?id=" + entry_id(author, "/")).text
    assert "&#x27;); DROP TABLE entries; --" in form and "$1 &#x27; &quot; \\ %s ?" in form


def test_bad_input_is_a_4xx_in_the_blogs_own_page(author):
    nobody = "0" * 32
    statuses = [response.status_code for response in (
        author.publish("x" * 201), author.publish(" "), author.post("/compose", title="no text"),
        author.post("/compose", id=nobody, title="x", markdown="y"), author.get("/compose?id=" + nobody),
        author.get("/compose?id=x%00y"), author.get("/compose?id=%ff"), author.get("/entry/none"),
        author.get("/entry/No_slug"), author.get("/entry/a%00"), author.get("/nowhere"), author.post("/nowhere"))]
    assert statuses == [400, 400, 400, 404, 404, 404, 400, 404, 404, 404, 404, 404]
    for path in ("/nowhere", "/entry/none", "/compose?id=%ff"):
        page = author.get(path).text
        assert "Tornado Blog" in page and "Log out" in page


def test_an_account_needs_a_password_worth_the_name(reader):
    page = reader.make_account(password="1234567")
    assert page.status_code == 400 and "8 characters" in page.text and 'value="ada@example.com"' in page.text
    assert reader.make_account(email="").status_code == 400
    assert reader.make_account(name="x" * 201).status_code == 400
    assert location(reader.make_account(password=" 123 567")) == "/"


# ---- passwords and cookies


def test_passwords_are_stored_as_scrypt(start, sqlite_file):
    Reader(start(sqlite_file).url).make_account()
    with sqlite3.connect(sqlite_file) as file:
        (stored,), = file.execute("SELECT password FROM authors").fetchall()
    kind, salt, digest = stored.split("$")
    computed = hashlib.scrypt(PASSWORD.encode(), salt=salt.encode(), n=1 << 14, r=8, p=5, dklen=32, maxmem=64 << 20)
    assert (kind, len(salt), digest) == ("scrypt", 32, computed.hex())


def test_a_login_lives_as_long_as_the_secret(start, database):
    first = start(database, "--cookie_secret=one")
    somebody = Reader(first.url)
    response = somebody.make_account()
    assert "HttpOnly" in response.headers["Set-Cookie"] and "SameSite=Lax" in response.headers["Set-Cookie"]
    for secret, shown in (("one", "Log out"), ("two", "Log in")):
        somebody.url = start(database, "--cookie_secret=" + secret).url
        assert shown in somebody.get("/").text
    somebody.url = start(database).url
    assert "Log in" in somebody.get("/").text


def test_what_was_written_is_there_after_a_restart(start, database):
    somebody = Reader(start(database).url)
    somebody.make_account()
    somebody.publish("Kept")
    assert "Kept" in Reader(start(database, "--title=<Another>").url).get("/").text
    assert "&lt;Another&gt;" in Reader(start(database, "--title=<Another>").url).get("/").text


# ---- databases that are slow, or gone


def answers_while_blocked(blog, author):
    """Starts to write; returns the thread and its result, once it has been shown that others are served."""
    result = []
    token = author.session.cookies["blog_xsrf"]
    fields = {"title": "Late", "markdown": "x", "_xsrf": token}
    thread = threading.Thread(target=lambda: result.append(
        author.session.post(blog.url + "/compose", data=fields, timeout=20, allow_redirects=False).status_code))
    thread.start()
    for _ in range(20):
        assert Reader(blog.url).get("/nowhere").status_code == 404
    assert result == []
    return thread, result


def test_sqlite_waits_in_a_thread(start, sqlite_file):
    blog = start(sqlite_file)
    author = Reader(blog.url)
    author.make_account()
    other = sqlite3.connect(sqlite_file, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    thread, result = answers_while_blocked(blog, author)
    other.execute("ROLLBACK")
    thread.join()
    assert result == [302]
    other.close()


class Lock:
    """Holds the table of entries, from another connection."""

    def __init__(self, postgres):
        self.shell = subprocess.Popen(postgres.shell(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.shell.stdin.write(f"BEGIN; LOCK TABLE {postgres.schema}.entries; SELECT 'locked';\n")
        self.shell.stdin.flush()
        wait_until(lambda: "locked" in self.shell.stdout.readline(), "the lock")

    def release(self):
        self.shell.communicate("ROLLBACK;\n", timeout=20)


def test_postgresql_is_waited_for_by_the_loop(start, postgres, postgres_url):
    blog = start(postgres_url)
    author = Reader(blog.url)
    author.make_account()
    lock = Lock(postgres)
    thread, result = answers_while_blocked(blog, author)
    lock.release()
    thread.join()
    assert result == [302]


def test_the_blog_ends_while_postgresql_is_working(postgres, postgres_url):
    blog = WireServer([program()], "--port=0", f"--database={postgres_url}")
    lock = Lock(postgres)
    with connect(blog.port) as client:
        client.send(b"GET / HTTP/1.1\r\nHost: h\r\n\r\n")
        waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock'"
        wait_until(lambda: postgres.sql(waiting) == "1", "a statement that waits")
        blog.stop()
    lock.release()


def test_a_lost_connection_is_made_again(start, postgres, postgres_url):
    blog = start(postgres_url)
    reader = Reader(blog.url)
    assert reader.get("/").status_code == 200
    postgres.control("restart", "-m", "fast")
    assert reader.get("/").status_code == 200
    postgres.stop()
    broken = reader.get("/")
    assert (broken.status_code, "the log says what" in broken.text) == (500, True)
    assert reader.get("/").status_code == 500
    postgres.start()
    assert reader.get("/").status_code == 200


def test_a_long_text_goes_through(author):
    author.publish("Long", "tide " * 500_000)
    assert author.get("/entry/long").text.count("tide") == 500_000


@pytest.mark.parametrize("url", ["/no/such/folder/blog.db", "postgresql:///blog?host=/no/such/folder&user=blog"])
def test_a_database_that_is_not_there_is_one_clear_line(url):
    done = subprocess.run([program(), "--port=0", f"--database={url}"], capture_output=True, text=True, timeout=20)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ") and len(done.stderr) > 30


# ---- a browser


PHONE = {"width": 360, "height": 740, "deviceScaleFactor": 2, "mobile": True}
ENTRY = """A walk before breakfast, with *nobody* on the path.

> The sea was a sheet of lead.

- a heron
- a [boat](https://example.com/boat)

```
tide  05:12  0.4 m
tide  11:31  4.9 m, which is a very long line that has to stay inside of its own box
```
"""
CONTRAST = """
    const light = color => {
      const parts = color.match(/[\\d.]+/g).slice(0, 3).map(part => part / 255)
          .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
      return 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
    };
    const page = light(getComputedStyle(document.body).backgroundColor);
    return [...document.querySelectorAll('header a, header button, h1, h2, p, a, li, time')].map(element => {
      const pair = [light(getComputedStyle(element).color), page].sort((a, b) => b - a);
      return (pair[0] + 0.05) / (pair[1] + 0.05);
    });"""


def shoot(browser, name):
    if os.environ.get("SCREENSHOTS"):
        browser.save_screenshot(os.path.join(os.environ["SCREENSHOTS"], f"blog_{name}.png"))


def fill(browser, **fields):
    for name, text in fields.items():
        field = browser.find_element(By.NAME, name)
        field.clear()
        field.send_keys(text)
    here = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.CSS_SELECTOR, "main button").click()
    WebDriverWait(browser, 20).until(lambda driver: driver.find_element(By.TAG_NAME, "html") != here)


def fits(browser):
    return browser.execute_script("return document.documentElement.scrollWidth <= arguments[0]", PHONE["width"])


@pytest.fixture
def browser(start_browser):
    driver = start_browser()
    yield driver
    assert driver.get_log("browser") == []
    driver.quit()


def test_browser_makes_an_author_logs_in_posts_and_edits(browser, start, sqlite_file):
    url = start(sqlite_file, "--title=By the sea").url
    browser.get(url + "/compose")
    assert browser.current_url == url + "/auth/create?next=%2Fcompose"
    shoot(browser, "create")
    fill(browser, name="Ada", email="ada@example.com", password=PASSWORD)
    assert browser.current_url == url + "/compose"
    browser.find_element(By.CSS_SELECTOR, "nav button").click()
    # The page may be replaced between the finding and the reading.
    wait = WebDriverWait(browser, 20, ignored_exceptions=[StaleElementReferenceException])
    wait.until(lambda driver: "Log in" in driver.find_element(By.TAG_NAME, "nav").text)

    browser.get(url + "/compose")
    assert browser.current_url == url + "/auth/login?next=%2Fcompose"
    shoot(browser, "login")
    fill(browser, email="ada@example.com", password=PASSWORD)
    assert browser.current_url == url + "/compose"
    shoot(browser, "compose")
    fill(browser, title="Low tide", markdown=ENTRY)
    assert browser.current_url == url + "/entry/low-tide"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Low tide"
    shoot(browser, "entry")

    browser.find_element(By.LINK_TEXT, "Edit").click()
    fill(browser, title="Low tide, early")
    assert browser.current_url == url + "/entry/low-tide"
    assert browser.find_element(By.TAG_NAME, "h1").text == "Low tide, early"
    assert browser.find_element(By.CSS_SELECTOR, "article em").text == "nobody"
    browser.get(url + "/")
    assert len(browser.find_elements(By.TAG_NAME, "article")) == 1
    loaded = browser.execute_script("return performance.getEntriesByType('resource').map(entry => entry.name)")
    assert [name for name in loaded if not name.startswith((url, "data:"))] == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_browser_reads_on_a_phone(browser, start, sqlite_file, scheme):
    author = Reader(start(sqlite_file).url)
    author.make_account()
    for title in ("Low tide", "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft", "High tide"):
        author.publish(title, ENTRY)
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": scheme}]})
    for path in ("/", "/archive", "/entry/low-tide", "/auth/login"):
        browser.get(author.url + path)
        assert fits(browser), path
        assert min(browser.execute_script(CONTRAST)) >= 4.5, path
        shoot(browser, f"phone_{scheme}_{path.strip('/').replace('/', '_') or 'home'}")
    dark = browser.execute_script("return getComputedStyle(document.body).backgroundColor") == "rgb(21, 24, 28)"
    assert dark == (scheme == "dark")
    size = browser.execute_script("return parseFloat(getComputedStyle(document.querySelector('input:not([type=hidden])')).fontSize)")
    assert size >= 16  # below that, phones zoom into the field


# ---- the page that explains it


def test_the_page_quotes_the_program():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert len(quoted) >= 5
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])
