"""The course in a browser: a page of each kind is opened, on a phone and on a desk, by day and by night."""

import concurrent.futures
import html.parser
import json
import os
import re
import shutil
import subprocess
import sys
import threading
from urllib.parse import unquote, urljoin, urlsplit

import pytest
import requests
from course_site import DESK, MEASURE, PHONE, assert_fits, screenshot, show, start
from raw import connect
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import ROOT

sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)
import quiz  # noqa: E402

PAGE = "final/demos/course/README.md"
CHAPTERS = sorted(path.name for path in (ROOT / "chapters").glob("[0-9]*"))
LESSONS = [name for name in CHAPTERS if (ROOT / "chapters" / name / "README.md").exists()]
EXERCISES = sorted(path.parent.name for path in (ROOT / "exercises").glob("*/exercise.toml"))
QUIZZES = quiz.quizzes()


# ---- every link

ID = re.compile(r' id="([^"]+)"')


class Reader(html.parser.HTMLParser):
    """The addresses that a page leads to and is made of, and the ids in it."""

    def __init__(self, text):
        super().__init__()
        self.links, self.parts, self.ids = set(), set(), set()
        self.feed(text)

    def handle_starttag(self, tag, attributes):
        named = dict(attributes)
        if named.get("id"):
            self.ids.add(named["id"])
        if tag == "a" and named.get("href"):
            self.links.add(named["href"])
        part = named.get("src") or (named.get("href") if tag == "link" else None)
        if part and not part.startswith("data:"):
            self.parts.add(part)


def is_read_for_links(path, text):
    """Pages that somebody has written: a list of files is only fetched."""
    return path == "/" or path.startswith("/quiz/") or "<article>" in text


def read_page(session, site, path):
    """Returns a page's ids, and its links and parts if it is read for links."""
    answer = session.get(site.url + path, timeout=60)
    if answer.status_code != 200:
        return answer.status_code, answer.url, set(), set(), set()
    if "html" not in answer.headers["Content-Type"]:
        return 200, answer.url, set(), set(), set()
    if not is_read_for_links(path, answer.text):
        return 200, answer.url, set(ID.findall(answer.text)), set(), set()
    reader = Reader(answer.text)
    return 200, answer.url, reader.ids, reader.links, reader.parts


def test_every_link_leads_somewhere(site):
    sessions = threading.local()

    def read(path):
        if not hasattr(sessions, "one"):
            sessions.one = requests.Session()
        return path, *read_page(sessions.one, site, path)

    seen, wanted, waiting = {}, set(), {"/"}
    with concurrent.futures.ThreadPoolExecutor(4) as readers:
        while waiting:
            found, waiting = list(readers.map(read, sorted(waiting))), set()
            for path, status, url_of_page, ids, links, parts in found:
                assert status == 200, (path, [where for where, to in wanted if to.partition("#")[0] == path])
                seen[path] = ids
                for link in links | parts:
                    url = urlsplit(urljoin(url_of_page, link))
                    if url.netloc != urlsplit(site.url).netloc:
                        assert url.scheme in ("http", "https") and link not in parts, (path, link)
                        continue
                    target = unquote(url.path) + ("?" + url.query if url.query else "")
                    wanted.add((path, target + ("#" + unquote(url.fragment) if url.fragment else "")))
                    waiting.add(target)
            waiting -= seen.keys()
    for where, target in wanted:
        path, _, fragment = target.partition("#")
        assert not fragment or fragment in seen[path], (where, target)
    for expected in ("/README.md", "/docs/glossary.md", "/final/COMPATIBILITY.md", "/chat/", "/final/demos/course/", "/docs/rooms.svg", "/docs/demos.md",
                     *(f"/chapters/{name}/" for name in CHAPTERS), *(f"/exercises/{name}/" for name in EXERCISES),
                     *(f"/quiz/{number}" for number in QUIZZES), *(f"/deck/{path.stem}" for path in ROOT.glob("slides/*.md"))):
        assert expected in seen, expected


# ---- in a browser

FOLDERS = sorted([*ROOT.glob("chapters/*/README.md"), *ROOT.glob("exercises/*/README.md"), *ROOT.glob("final/demos/*/README.md")])
DOCUMENTS = sorted(file for pattern in ("*.md", "docs/*.md", "final/*.md", "final/docs/*.md", "final/src/*/README.md") for file in ROOT.glob(pattern))
EVERY_PAGE = ["/", "/reference/", "/hello", "/chat/", "/chapters/", "/final/demos/", "/final/src/", "/final/demos/course/handlers.cc", "/LICENSE",
              *(f"/{path.parent.relative_to(ROOT)}/" for path in FOLDERS), *(f"/{path.relative_to(ROOT)}" for path in DOCUMENTS),
              *(f"/quiz/{number}" for number in QUIZZES), *(f"/deck/{path.stem}" for path in sorted(ROOT.glob("slides/*.md")))]


@pytest.mark.parametrize("path", EVERY_PAGE)
def test_a_page_fits_a_phone_and_a_desk_by_day_and_by_night(site, browser, path):
    assert_fits(site, browser, path)


def test_a_quiz_tells_what_is_wrong_and_counts_what_was_right_at_once(site, browser):
    show(browser, PHONE, "dark")
    browser.get(site.url + "/quiz/01")
    questions = browser.find_elements(By.CSS_SELECTOR, ".question")
    for number, question in enumerate(questions):
        right = question.find_element(By.CSS_SELECTOR, ".answer[data-right=yes] summary")
        wrong = question.find_element(By.CSS_SELECTOR, ".answer[data-right=no] summary")
        for answer in [wrong, right] if number == 0 else [right, wrong]:
            browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", answer)
            answer.click()
        assert {verdict.is_displayed() for verdict in question.find_elements(By.CSS_SELECTOR, "[open] .verdict")} == {True}
    score = browser.find_element(By.ID, "score")
    WebDriverWait(browser, 20, 0.02).until(lambda _: score.text == f"Right on the first try: {len(questions) - 1} of {len(questions)}.")
    screenshot(browser, "quiz-answered")
    # The lesson that answers a question opens at its place.
    link = questions[0].find_element(By.CSS_SELECTOR, ".verdict.right a")
    browser.get(link.get_attribute("href"))
    fragment = unquote(urlsplit(browser.current_url).fragment)
    assert browser.find_element(By.ID, fragment) and browser.get_log("browser") == []


def test_an_error_fits_too(site, browser):
    for device, scheme in [(DESK, "light"), (PHONE, "dark")]:
        show(browser, device, scheme)
        browser.get(site.url + "/chapters/09-" + "a-very-long-name-" * 20)
        assert "404 Not Found" in browser.find_element(By.TAG_NAME, "h1").text
        assert browser.execute_script(MEASURE)["fits"]
        screenshot(browser, f"error-{scheme}")
    browser.get_log("browser")  # says 404


def test_the_chat_lives_here_too(site, browser):
    show(browser, DESK, "light")
    browser.get(site.url + "/chat")
    assert urlsplit(browser.current_url).path == "/chat/"
    browser.find_element(By.ID, "body").send_keys("Is anybody reading?")
    browser.find_element(By.TAG_NAME, "button").click()
    WebDriverWait(browser, 20, 0.02).until(lambda _: "Is anybody reading?" in browser.find_element(By.ID, "inbox").text)
    assert browser.get_log("browser") == []


def test_a_task_shows_how_far_it_is(small, browser):
    small.put(".progress.json", json.dumps({"01-1": {"passed": 3, "tests": 5, "solved": False, "hints": 1}}))
    show(browser, PHONE, "dark")
    browser.get(small.server.url + "/")
    assert "3 of 5 tests" in browser.find_element(By.CSS_SELECTOR, ".exercises").text
    browser.get(small.server.url + "/exercises/01-1-add/")
    assert "3 of 5 tests" in browser.find_element(By.CSS_SELECTOR, ".state").text
    small.put(".progress.json", json.dumps({"01-1": {"passed": 5, "tests": 5, "solved": True}}))
    browser.get(small.server.url + "/")
    assert "1 of 1 exercises solved" in browser.find_element(By.CSS_SELECTOR, ".total").text
    assert browser.get_log("browser") == []


# ---- what is asked of it


@pytest.mark.parametrize("number", QUIZZES)
def test_answers_stand_in_the_order_of_make_quiz(site, number):
    page = requests.get(f"{site.url}/quiz/{number}", timeout=60).text
    shown = [re.sub("<[^>]+>", "", summary) for summary in re.findall("<summary>(.*?)</summary>", page, re.DOTALL)]
    answers = [answer for question in quiz.load(QUIZZES[number]) for answer in question.answers]
    assert [html.unescape(text).strip() for text in shown] == [answer.says.replace("`", "") for answer in answers]
    assert re.findall('data-right="(yes|no)"', page) == ["yes" if answer.right else "no" for answer in answers]
    assert page.count("#") >= page.count('class="verdict right"')


ESCAPES = ["/../../../etc/passwd", "/%2e%2e/%2e%2e/etc/passwd", "/..%2f..%2fetc%2fpasswd", "/chapters/../.git/config",
           "/chapters/..%2f.git%2fconfig", "/chapters/%2e%2e/.progress.json", "//etc/passwd", "/%2fetc/passwd",
           "/etc/passwd", "/chapters/%00/../../.git/config", "/README.md%00", "/chapters/01-blocking-server/..;/README.md",
           "/chapters\\..\\README.md", "/../../etc/x.svg", "/chapters/..%2f..%2fx.svg", "/static/../handlers.cc",
           "/static/%2e%2e/handlers.cc"]
HIDDEN = ["/.git/config", "/.gitignore", "/.ci/run", "/.progress.json", "/build/", "/build", "/build/debug/build.ninja",
          "/build/slides/01-blocking-server.html", "/chapters/.git/x", "/exercises/01-1-read-to-the-end/work/",
          "/exercises/01-1-read-to-the-end/work/read_request.cc"]
NOWHERE = ["/chapters/09-none/", "/chapters/09-none/README.md", "/chapters/01", "/quiz/99", "/quiz/1", "/quiz/0001", "/quiz/x",
           "/deck/none", "/deck/01-blocking-server.html", "/deck/..%2f..%2fREADME", "/none.svg", "/README.md/", "/LICENSE/x",
           "/chapters//01-blocking-server/", "/chapters/./", "/static/none.css", "/" + "a" * 5000]


@pytest.mark.parametrize("path", ESCAPES + HIDDEN + NOWHERE)
def test_what_is_not_for_readers_is_not_found(site, path):
    with connect(site.port) as client:
        answer = client.get(path)
        assert answer.status in (404, 403 if path.startswith("/static/") else 404)
        assert client.get("/hello").body == b"Hello, world"


def test_no_address_breaks_it(site):
    with connect(site.port) as client:
        for byte in range(256):
            # A path must be UTF-8.
            assert client.get(f"/chapters/%{byte:02x}").status == (404 if byte < 0x80 else 400), byte
        assert client.get("/", "Content-Length: 0", method="POST").status in (403, 405)
        for path in ("/", "/hello", "/quiz/01", "/deck/01-blocking-server", "/chapters/01-blocking-server/"):
            head = client.get(path, method="HEAD")
            assert head.status == 200 and head.body == b"", path


def test_pages_say_what_a_browser_may_run(site):
    for path in ("/", "/chapters/01-blocking-server/", "/quiz/01", "/none"):
        policy = requests.get(site.url + path, timeout=60).headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self'" in policy and "unsafe" not in policy


def test_a_source_can_be_read_from_a_region_on(site):
    page = requests.get(site.url + "/chapters/01-blocking-server/socket.cc", timeout=60).text
    assert '<span class="region" id="listen">' in page and '<span class="keyword">const</span>' in page
    assert "#include" in re.sub("<[^>]+>", "", page) and "std::optional&lt;Socket&gt;" in page


# ---- on a small course, whose files are changed beneath it

LESSON = """# 01 Begin

Some *words*, `code<T>`, and [another file](a.cc).

## Twice

## Twice

```cpp file=chapters/01-begin/a.cc#part
// a <b>comment</b>
#include <vector>
auto s = "</code><script>alert(1)</script>"; char c = '"'; int i = 1'000;
R"x(raw " text)x" /* to
the end */ return
```

```console chapter=01
$ echo '<i>'
<i>
```

```python file=chapters/01-begin/b.py#part
# a "comment"
def f(x): return '''a
b''' + 'c' if x else None
```

```mermaid
graph LR; a-->b
```

| a | b |
|---|--:|
| 1 | 2 |

![A drawing](drawings/map.svg)

1. Why?
   <details><summary>Answer</summary>Because `a < b && c`, and `x`.</details>
"""
QUIZ = """[[question]]
asks = "Is `a<b>` code?"
code = "int a = 1;"
right = "Yes"
because = "So it is."
answered_in = "Twice"
[[question.wrong]]
says = "<script>alert(1)</script>"
misconception = "None & nothing"
refuted = "Look."
"""


class Small:
    def __init__(self, root):
        self.root = root
        for name, text in {"README.md": "# The project\n\n| [01 Begin](chapters/01-begin/README.md) | a `socket` |\n",
                           "chapters/01-begin/README.md": LESSON, "chapters/01-begin/quiz.toml": QUIZ,
                           "chapters/01-begin/b.py": "# [part]\na = 1\n# [/part]\n",
                           "chapters/01-begin/a.cc": "// [part]\nint a;\n// [/part]\n",
                           "chapters/01-begin/drawings/map.svg": "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 8.5\" aria-labelledby=\"t d\"><title id=\"t\">a</title></svg>",
                           "docs/demos.md": "# The demos\n\n| [add](../final/demos/add/add.cc) | a `sum` |\n",
                           "docs/rooms.svg": "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 8.5\" aria-labelledby=\"t d\"><title id=\"t\">a</title></svg>",
                           "chapters/02-go-on/a.h": "", "slides/01-begin.md": "---\nmarp: true\n---\n",
                           "exercises/01-1-add/README.md": "# 01-1 Add\n",
                           "exercises/01-1-add/exercise.toml": 'title = "Add <b>"\nkind = "rebuild"\nstars = 2\nminutes = 5\n',
                           "exercises/01-1-add/work/add.cc": "my own\n"}.items():
            self.put(name, text)
        self.server = start(f"--root={root}")

    def put(self, name, text):
        file = self.root / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text) if isinstance(text, str) else file.write_bytes(text)

    def get(self, path):
        return requests.get(self.server.url + path, timeout=60, allow_redirects=False)


@pytest.fixture
def small(tmp_path):
    course = Small(tmp_path / "a course")
    yield course
    course.server.check_alive()
    course.server.stop()


def test_a_page_is_made_of_markdown_and_its_code_is_text(small):
    page = small.get("/chapters/01-begin/").text
    assert "<script>" not in page
    for name in ("twice", "twice-1"):
        assert f'<a class="anchor" id="{name}" href="#{name}" aria-label="Link to this heading"></a>Twice' in page
    assert "<em>words</em>" in page and "<code>code&lt;T&gt;</code>" in page
    assert '<a class="file" href="/chapters/01-begin/a.cc#part">chapters/01-begin/a.cc</a>' in page
    for span in ('<span class="comment">// a &lt;b&gt;comment&lt;/b&gt;</span>', '<span class="directive">#include</span>',
                 '<span class="string">&quot;&lt;/code&gt;&lt;script&gt;alert(1)&lt;/script&gt;&quot;</span>',
                 '<span class="keyword">char</span>', "int</span> i = 1&#x27;000;",
                 '<span class="string">R&quot;x(raw &quot; text)x&quot;</span>', "/* to\nthe end */</span>",
                 '<span class="comment"># a &quot;comment&quot;</span>', '<span class="keyword">None</span>',
                 '<span class="string">&#x27;&#x27;&#x27;a\nb&#x27;&#x27;&#x27;</span> + <span class="string">&#x27;c&#x27;</span>',
                 '<span class="keyword">return</span>', '<span class="command">$ echo &#x27;&lt;i&gt;&#x27;\n</span>&lt;i&gt;'):
        assert span in page, span
    assert '<div class="scroll" tabindex="0">' in page and '<td align="right">2</td>' in page
    assert '<a class="zoom" href="drawings/map.svg"><svg width="9" height="9" xmlns=' in page
    assert 'aria-labelledby="d1-t d1-d"><title id="d1-t">' in page
    assert "<summary>Answer</summary>Because <code>a &lt; b &amp;&amp; c</code>, and <code>x</code>." in page
    assert "graph LR; a--&gt;b" in page
    for name in ("a.cc", "b.py"):
        assert '<span class="region" id="part">' in small.get("/chapters/01-begin/" + name).text


def test_a_page_is_as_its_file_is_now(small):
    assert "Some <em>words</em>" in small.get("/chapters/01-begin/").text
    small.put("chapters/01-begin/README.md", "# 01 Other words\n")
    assert "Other words" in small.get("/chapters/01-begin/").text and "Other words" in small.get("/").text
    (small.root / "chapters/01-begin/README.md").unlink()
    assert small.get("/chapters/01-begin/README.md").status_code == 404
    page = small.get("/chapters/01-begin/")
    assert page.status_code == 200 and "not written yet" in page.text and "quiz.toml" in page.text
    assert "not written yet" in small.get("/").text and small.get("/quiz/01").status_code == 200
    shutil.rmtree(small.root / "chapters")
    assert small.get("/chapters/01-begin/").status_code == small.get("/quiz/01").status_code == 404
    assert small.get("/").status_code == 200
    shutil.rmtree(small.root)
    assert small.get("/").status_code == 200 and small.get("/README.md").status_code == 404


def test_what_is_not_there_yet_is_said(small):
    page = small.get("/").text
    assert "Slides: <code>make slides</code>" in page and "/deck/" not in page
    assert '<h3><span class="number">02</span> go on</h3>' in page and page.count("not written yet") == 1
    assert "a <code>socket</code>" in page and "Add &lt;b&gt;" in page and "5 min" in page and "★★" in page
    assert small.get("/deck/01-begin").status_code == 404
    small.put("build/slides/01-begin.html", "<p>the deck</p>")
    assert "/deck/01-begin" in small.get("/").text and small.get("/deck/01-begin").text == "<p>the deck</p>"
    assert small.get("/deck/01-begin").headers["Content-Security-Policy"] == "frame-ancestors 'none'"
    small.put("slides/09-beyond.md", "---\nmarp: true\n---\n\n# 09 Beyond `it`\n")
    assert "/deck/09-beyond" not in small.get("/").text
    small.put("build/slides/09-beyond.html", "<p>the deck of no chapter</p>")
    assert '<a href="/deck/09-beyond">Slides: 09 Beyond <code>it</code></a>' in small.get("/").text
    assert 'href="/reference/"' in page and "<code>make docs</code> writes it" in small.get("/reference/").text
    assert small.get("/reference/reference.css").status_code == 404
    small.put("build/docs/index.html", "<p>the reference</p>")
    small.put("build/docs/reference.css", "p {}")
    assert small.get("/reference/").text == "<p>the reference</p>" and small.get("/reference").headers["Location"] == "/reference/"
    assert small.get("/reference/reference.css").text == "p {}"
    assert small.get("/reference/%2e%2e/slides/01-begin.html").status_code == 403


@pytest.mark.parametrize("progress", ["", "{", "[]", "null", '"x"', '{"01-1": 7}', '{"01-1": {"passed": "x", "tests": null}}',
                                      '{"01-1": {"solved": "yes"}}', '{"01-1": {"passed": 1e300}}', b"\xff\xfe"])
def test_progress_that_cannot_be_read_is_none(small, progress):
    small.put(".progress.json", progress)
    page = small.get("/")
    assert page.status_code == 200 and "0 of 1 exercises solved" in page.text


def test_a_quiz_that_cannot_be_read_is_an_error_of_the_server(small):
    page = small.get("/quiz/01").text
    assert "&lt;script&gt;" in page and "<script>" not in page and "Is <code>a&lt;b&gt;</code> code?" in page
    assert "None &amp; nothing" in page and "/chapters/01-begin/#twice" in page
    small.put("chapters/01-begin/quiz.toml", "[[question]")
    assert small.get("/quiz/01").status_code == 500 and "quiz.toml" in small.server.log()
    small.put("chapters/01-begin/quiz.toml", "question = 7\n")
    assert small.get("/quiz/01").status_code == 200
    (small.root / "chapters/01-begin/quiz.toml").unlink()
    assert small.get("/quiz/01").status_code == 404


def test_a_broken_exercise_keeps_its_name(small):
    small.put("exercises/01-1-add/exercise.toml", "title = ")
    page = small.get("/")
    assert page.status_code == 200 and 'title="add, 0 min">01-1' in page.text


@pytest.mark.parametrize("name, target", [("chapters/01-begin/link.md", "/etc/hostname"), ("chapters/link", "/etc"),
                                          ("chapters/01-begin/loop", "loop"), ("README2.md", "README.md"),
                                          ("chapters/01-begin/up.svg", "../../.progress.json")])
def test_a_symbolic_link_leads_nowhere(small, name, target):
    small.put(".progress.json", "{}")
    (small.root / name).symlink_to(target)
    assert small.get("/" + name).status_code == small.get("/" + name + "/").status_code == 404
    if target == "/etc":
        assert small.get("/chapters/link/hostname").status_code == 404
    for folder in ("/chapters/", "/chapters/01-begin/"):
        assert not any(name.endswith(link.strip("/")) for link in Reader(small.get(folder).text).links if link[0] != "/")


def test_files_that_are_not_text_or_too_long_are_not_shown(small):
    small.put("chapters/01-begin/nul.txt", b"a\0b")
    small.put("chapters/01-begin/latin.txt", b"\xe4")
    small.put("chapters/01-begin/long.txt", "x" * 5_000_000)
    small.put("chapters/01-begin/empty.txt", "")
    small.put("chapters/01-begin/odd & <name> #?.txt", "odd")
    os.mkfifo(small.root / "chapters/01-begin/pipe")
    for name in ("nul.txt", "latin.txt", "long.txt"):
        page = small.get("/chapters/01-begin/" + name)
        assert page.status_code == 200 and "not text, or too long" in page.text
    assert small.get("/chapters/01-begin/pipe").status_code == 404
    assert small.get("/chapters/01-begin/empty.txt").status_code == 200
    links = Reader(small.get("/chapters/01-begin/").text).links
    odd = next(link for link in links if link.startswith("odd"))
    assert "odd" in small.get("/chapters/01-begin/" + odd).text


def test_a_page_that_is_read_slowly_holds_up_nobody(small):
    """A lesson of a megabyte takes the pool a while; the loop answers meanwhile."""
    small.put("chapters/01-begin/big.md", "# Big\n\n" + "`a` *b* [c](a.cc)\n\n" * 50_000)
    with connect(small.server.port) as reader, connect(small.server.port) as other:
        reader.send(b"GET /chapters/01-begin/big.md HTTP/1.1\r\nHost: h\r\n\r\n")
        for _ in range(20):
            assert other.get("/hello").body == b"Hello, world"
        assert reader.read_response("GET").status == 200


def test_a_port_that_is_taken_is_one_clear_line(small):
    with pytest.raises(RuntimeError, match="error: .*in use"):
        start(f"--port={small.server.port}")


def test_make_run_builds_the_slides_and_starts_this():
    commands = subprocess.run(["make", "-n", "-C", ROOT, "run", "PORT=9000"], capture_output=True, text=True, check=True,
                              timeout=60).stdout
    assert re.search(r"need\.sh build\n.*slides\.py\nscripts/demo\.sh course --port=9000\n", commands), commands


def test_a_root_that_is_not_there_is_one_clear_line(tmp_path):
    with pytest.raises(RuntimeError, match="error: .*none"):
        start(f"--root={tmp_path / 'none'}")


# ---- the page that explains it


def test_the_page_quotes_the_program():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert len(quoted) >= 3
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])
