"""What a reader, a keyboard, a phone, a printer and a screen reader need of the course's pages."""

import http.server
import re
import threading

import pytest
import requests
from course_site import DESK, PHONE, show
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from test_course import LESSONS, ROOT, small  # noqa: F401  (a fixture)

LESSON = "/chapters/03-ioloop/"
COLOUR = re.compile(r'(fill|stroke|color|stop-color|style)="([^"]*)"')


def get(site, path):
    return requests.get(site.url + path, timeout=60)


@pytest.mark.parametrize("path", ["/chapters/08-coroutines/", "/quiz/08", "/final/", "/exercises/08-3-last-seat/", "/chapters/01-blocking-server/",
                                  "/final/src/loop/", "/exercises/01-1-read-to-the-end/"])
def test_every_page_of_the_course_has_a_next_and_a_previous_one(site, path):
    page = get(site, path).text
    assert 'rel="next"' in page
    assert ('rel="prev"' in page) == (path != "/chapters/01-blocking-server/")


def test_the_reading_order_goes_through_everything(site):
    path, order = "/chapters/01-blocking-server/", []
    while path:
        order.append(path)
        following = re.search(r'href="([^"]+)" rel="next"', get(site, path).text)
        path = following[1] if following else None
    assert len(order) == len(set(order))
    kinds = [path.split("/")[1] for path in order]
    assert kinds[:6] == ["chapters", "exercises", "exercises", "exercises", "quiz", "chapters"]
    assert order.index("/quiz/08") + 1 == order.index("/final/") and "/docs/demos.md" in order


@pytest.mark.parametrize("path", ["/", LESSON, "/quiz/03", "/exercises/03-1-core-of-the-loop/", "/exercises/03-1-core-of-the-loop/hints/1.md",
                                  "/final/src/loop/ioloop.cc", "/docs/grid.md", "/tests/", "/none"])
def test_a_page_has_one_heading_named_navigation_and_a_way_past_it(site, path):
    page = get(site, path).text
    assert len(re.findall("<h1[ >]", page)) == 1
    assert 'class="skip" href="#main"' in page and page.count('id="main"') == 1 and page.count("<main") == 1
    labels = re.findall(r"<nav[^>]*?(?: aria-label=\"([^\"]*)\")?>", page)
    assert all(labels) and len(labels) == len(set(labels))
    assert "<th></th>" not in page
    ids = re.findall(r' id="([^"]+)"', page)
    assert len(ids) == len(set(ids))


def test_headings_of_level_3_are_in_the_contents_and_have_links(site):
    page = get(site, LESSON).text
    links = re.findall(r'<li class="level-3"><a href="#([^"]+)">', page)
    assert len(links) >= 6 and all(f'<a class="anchor" id="{link}" href="#{link}"' in page for link in links)


def test_a_file_that_is_long_is_cut(site):
    for path in ("/tests/final/web/locale/locale_vectors.jsonl", "/tests/final/base/vectors.jsonl"):
        whole = (ROOT / path[1:]).read_text()
        page = get(site, path)
        assert len(whole) > 200_000 and len(page.content) < 400_000
        assert f"of {whole.count(chr(10))} lines" in page.text


def test_a_header_file_is_text_in_quotes_not_a_keyword(site):
    page = get(site, "/final/demos/course/handlers.cc").text
    assert '<span class="directive">#include</span> <span class="string">&lt;tornado/template.h&gt;</span>' in page


def test_responses_say_what_they_are(site):
    for path in ("/", "/chat/", "/hello", "/docs/rooms.svg", "/none.svg", "/deck/03-ioloop"):
        assert get(site, path).headers["X-Content-Type-Options"] == "nosniff", path
    missing = get(site, "/docs/none.svg")
    assert missing.status_code == 404 and 'href="/"' in missing.text
    chat = get(site, "/chat/").text
    assert "<main>" in chat and 'href="../"' in chat
    assert 'href="/hello"' not in get(site, "/").text  # bare text: shown as a command instead


def test_a_solution_does_not_stand_beside_the_hints(small):  # noqa: F811
    for name in ("hints/1.md", "solution/add.cc", "wrong/a.patch", "starter/add.cc"):
        small.put(f"exercises/01-1-add/{name}", "text\n")
    page = small.get("/exercises/01-1-add/").text
    assert "hints/1.md" in page and "starter/" in page and 'href="/chapters/01-begin/"' in page and "make watch EX=01-1" in page
    assert "solution/" not in page and "wrong/" not in page
    assert "<h1>Hint 1</h1>" in small.get("/exercises/01-1-add/hints/1.md").text
    small.put(".progress.json", '{"01-1": {"passed": 1, "tests": 1, "solved": true}}')
    assert 'href="/exercises/01-1-add/solution/"' in small.get("/exercises/01-1-add/").text


def test_a_prediction_has_its_answer(small):  # noqa: F811
    small.put("chapters/01-begin/README.md", "# 01 Begin\n\n## 3. Predict\n\n1. Who?\n2. When?\n3. Why?\n\n## 4. Then\n\n"
              "That was your third prediction.\n\n## 5. Recap\n\n- Prediction 1: `one` of **them**.\n- It is late (prediction 2).\n")
    page = small.get("/chapters/01-begin/").text
    answers = re.findall(r'<details class="predict" id="(.*?)">(.*?)</details>', page, re.DOTALL)
    assert [name for name, _ in answers] == ["prediction-1", "prediction-2", "prediction-3"]
    assert "<p><code>one</code> of <strong>them</strong>.</p>" in answers[0][1].replace("<p>O", "<p>o")
    assert "<p>It is late.</p>" in answers[1][1] and '<a href="#4-then">4. Then</a>' in answers[2][1]


@pytest.mark.parametrize("text, shown", [("// [a]\nint a;\n// [/a]\n", ["region"]), ("// [a]\n// [b]\n// [/a]\n// [/b]\n", []), ("// [a]\nint a;\n", []),
                                         ("// [a]\n// [b]\n// [/b]\n// [/a]\n", ["region", "region"])])
def test_a_region_is_an_element_if_it_can_be(small, text, shown):  # noqa: F811
    small.put("chapters/01-begin/a.cc", text)
    page = small.get("/chapters/01-begin/a.cc").text
    assert re.findall('<span class="(region)"', page) == shown
    code = page.partition("<pre")[2].partition("</pre>")[0]
    assert code.count("<span") == code.count("</span>") and code.count('class="line"') == text.count("\n") and 'id="a"' in code


def test_the_drawings_have_a_colour_for_the_night():
    style = (ROOT / "final/demos/course/static/drawings.css").read_text()
    drawings = [path for folder in ("chapters", "docs", "final") for path in (ROOT / folder).rglob("*.svg")]
    assert {"chapters", "docs", "final"} == {path.relative_to(ROOT).parts[0] for path in drawings} and len(drawings) > 55
    for path in drawings:
        for name, colour in set(COLOUR.findall(path.read_text())):
            assert colour == "none" or f'[{name}="{colour}"]' in style, (path, name, colour)


# ---- in a browser


@pytest.fixture(scope="session")
def hasty_browser(start_browser):
    """Runs scripts in pages that are not loaded yet."""
    driver = start_browser(waits_for="none")
    yield driver
    driver.quit()


class Late(http.server.ThreadingHTTPServer):
    """The site, but its images and drawings, and the plots' library, come only when `may_come` is set."""

    daemon_threads = True

    def __init__(self, site):
        super().__init__(("127.0.0.1", 0), LateHandler)
        self.site_url = site.url
        self.may_come = threading.Event()
        self.held = set()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}"


class LateHandler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path.endswith((".png", ".svg", "d3.min.js")):
            self.server.held.add(self.path)
            self.server.may_come.wait(60)
        answer = requests.get(self.server.site_url + self.path, timeout=60)
        self.send_response(answer.status_code)
        for name in ("Content-Type", "Content-Security-Policy"):
            if name in answer.headers:
                self.send_header(name, answer.headers[name])
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)

    def log_message(self, *_):
        pass


@pytest.mark.parametrize("device", [DESK, PHONE])
@pytest.mark.parametrize("path, late", [(LESSON, "/javascript/d3.min.js"), ("/README.md", "/docs/microscope.png"), ("/docs/figures.md", "/javascript/d3.min.js")])
def test_a_page_does_not_jump_when_its_images_come_late(site, hasty_browser, path, late, device):
    browser = hasty_browser
    show(browser, device, "light")
    server = Late(site)
    try:
        browser.get(server.url + path)
        until = WebDriverWait(browser, 20, 0.02).until
        until(lambda _: late in server.held and browser.execute_script(
            "return location.href === arguments[0] && document.readyState !== 'loading' && performance.getEntriesByName('first-contentful-paint').length === 1", server.url + path))
        # The reader is where the image stands, or the plot will stand.
        browser.execute_script("document.querySelector('main img, main .plot, main .scroll').scrollIntoView({block: 'end'})")
        server.may_come.set()
        until(lambda _: browser.execute_script("return document.readyState === 'complete' && [...document.images].every(one => one.complete)"))
        shift = browser.execute_async_script("""
            let sum = 0;
            new PerformanceObserver(list => { for (const one of list.getEntries()) sum += one.value; }).observe({type: 'layout-shift', buffered: true});
            const done = arguments[0];
            requestAnimationFrame(() => requestAnimationFrame(() => done(sum)));""")
        assert shift < 0.1
        assert browser.execute_script("return [...document.images].every(one => one.naturalWidth && one.getAttribute('width') && one.getAttribute('height'))")
    finally:
        server.may_come.set()
        browser.get("about:blank")
        server.shutdown()
        server.server_close()


def test_lines_have_60_to_75_characters(site, browser):
    show(browser, DESK, "light")
    browser.get(site.url + LESSON)
    longest = browser.execute_script("""
        const sizes = [];
        for (const one of document.querySelectorAll('article > p')) {
          const text = one.firstChild;
          if (!text || text.nodeType !== 3 || text.data.length < 200) continue;
          const range = document.createRange();
          let line = 0, top = null;
          for (let i = 0; i < text.data.length; ++i) {
            range.setStart(text, i);
            range.setEnd(text, i + 1);
            const box = range.getBoundingClientRect();
            if (top !== null && box.top > top + 5) { sizes.push(line); line = 0; }
            top = box.top;
            ++line;
          }
        }
        return sizes;""")
    assert len(longest) > 5
    assert 65 <= sum(longest) / len(longest) <= 75 and max(longest) <= 82


@pytest.mark.parametrize("page, texts", [(LESSON, 50), ("/final/", 50), ("/final/docs/ownership.md", 10), ("/final/docs/beyond-one-loop.md", 10)])
def test_a_drawing_is_readable_on_a_phone_and_dark_at_night(site, browser, page, texts):
    show(browser, PHONE, "dark")
    browser.get(site.url + page)
    browser.execute_script("for (const answer of document.querySelectorAll('details')) answer.open = true;")
    sizes = browser.execute_script("""
        return [...document.querySelectorAll('.drawing text')].map(one => {
          const scale = one.getScreenCTM();
          return parseFloat(getComputedStyle(one).fontSize) * Math.hypot(scale.a, scale.b);
        });""")
    assert len(sizes) > texts and min(sizes) >= 11
    grounds = browser.execute_script("return [...document.querySelectorAll('.drawing svg > rect:first-of-type')].map(one => getComputedStyle(one).fill)")
    assert grounds and all(sum(int(part) for part in re.findall(r"\d+", ground)) < 150 for ground in grounds)
    browser.execute_script("document.querySelector('.drawing .zoom').click()")
    assert browser.execute_script("return document.querySelector('dialog.zoomed').open")


def test_code_prints_whole(site, browser):
    show(browser, DESK, "light")
    browser.get(site.url + LESSON)
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": "print"})
    try:
        clipped = browser.execute_script("return [...document.querySelectorAll('pre')].filter(one => one.scrollWidth > one.clientWidth + 1).length")
    finally:
        browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"media": ""})
    assert clipped == 0


def test_the_contents_are_a_drawer_on_a_phone(site, browser):
    show(browser, PHONE, "light")
    browser.get(site.url + LESSON)
    side = browser.find_element(By.ID, "side")
    assert not side.is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".menu").click()
    assert side.is_displayed()
    browser.execute_script("document.querySelectorAll('#side .here a')[8].click()")
    assert not side.is_displayed() and browser.execute_script("return scrollY") > 500


@pytest.mark.parametrize("lesson", LESSONS)
def test_every_question_of_a_lesson_offers_choices(site, lesson):
    page = get(site, f"/chapters/{lesson}/").text
    offered = re.findall('<ul class="choices">(.*?)</ul>\n<details class="predict"', page, re.DOTALL)
    assert len(offered) == page.count('<details class="predict"') >= 3
    assert {len(re.findall("<li>.+?</li>", choices)) for choices in offered} <= {2, 3}


def test_choices_that_cannot_be_read_are_none(small):  # noqa: F811
    small.put("chapters/01-begin/README.md", "# 01 Begin\n\n## 3. Predict\n\n1. Who?\n\n## 5. Recap\n\n- Prediction 1: others.\n")
    small.put("chapters/01-begin/predict.toml", 'choices = [["`a<b>`", "c"]]\n')
    assert "<li><code>a&lt;b&gt;</code></li>\n<li>c</li>" in small.get("/chapters/01-begin/").text
    for broken in ["choices = [[", "choices = 7", 'choices = ["x"]', ""]:
        small.put("chapters/01-begin/predict.toml", broken)
        page = small.get("/chapters/01-begin/")
        assert page.status_code == 200 and 'class="choices"' not in page.text and 'id="prediction-1"' in page.text


def test_a_choice_is_committed_to_before_the_answer_is_shown_and_is_kept(site, browser):
    show(browser, PHONE, "light")
    browser.get(site.url + LESSON)
    browser.execute_script("localStorage.clear()")
    browser.refresh()
    answer = browser.find_element(By.ID, "prediction-2")
    assert not answer.is_displayed() and "next iteration" not in browser.find_element(By.TAG_NAME, "article").text.partition("4. Invariants")[0]
    form = answer.find_element(By.XPATH, "preceding-sibling::form")
    choices = form.find_elements(By.TAG_NAME, "button")
    assert [choice.text for choice in choices] == ["Yes", "No, the loop does not get past the callback"]
    browser.execute_script("arguments[0].scrollIntoView({block: 'center'})", choices[1])
    choices[1].click()
    assert answer.is_displayed() and "next iteration" in answer.text
    browser.refresh()
    answer = browser.find_element(By.ID, "prediction-2")
    assert answer.is_displayed() and "You said: No, the loop does not get past the callback" in browser.find_element(By.TAG_NAME, "article").text
    assert not browser.find_element(By.ID, "prediction-1").is_displayed()


def test_a_prediction_without_choices_is_written(small, browser):  # noqa: F811
    small.put("chapters/01-begin/README.md", "# 01 Begin\n\n## 3. Predict\n\n1. Who?\n\n## 5. Recap\n\n- Prediction 1: the others.\n")
    show(browser, PHONE, "light")
    browser.get(small.server.url + "/chapters/01-begin/")
    assert not browser.find_element(By.ID, "prediction-1").is_displayed()
    browser.find_element(By.CSS_SELECTOR, ".predict-own input").send_keys("Nobody\n")
    assert "The others." in browser.find_element(By.ID, "prediction-1").text
    assert "You said: Nobody" in browser.find_element(By.TAG_NAME, "article").text
    browser.get("about:blank")


def test_a_lesson_leads_to_the_microscope(site):
    for path in (LESSON, "/chapters/07-futures/", "/chapters/08-coroutines/", "/final/"):
        article = get(site, path).text.partition("<article>")[2]
        assert '<a href="/loop"><code>/loop</code></a>' in article, path


def test_an_excerpt_and_a_line_are_marked(site, browser):
    show(browser, DESK, "light")
    for fragment in ("wait", "L60"):
        browser.get(site.url + LESSON + "ioloop.cc#" + fragment)
        top, colour = browser.execute_script("""
            const one = document.querySelector(':target');
            return [one.getBoundingClientRect().top, getComputedStyle(one).backgroundColor];""")
        assert 50 <= top < 900 and colour == "rgb(255, 233, 184)"


@pytest.mark.alone
def test_the_first_paint_of_the_map_is_soon(site, browser):
    show(browser, DESK, "light")
    paints = []
    for _ in range(5):
        browser.get(site.url + "/")
        paints.append(browser.execute_async_script("""
            const done = arguments[0];
            new PerformanceObserver(list => done(list.getEntriesByName('first-contentful-paint')[0].startTime))
              .observe({type: 'paint', buffered: true});"""))
    assert min(paints) < 300
