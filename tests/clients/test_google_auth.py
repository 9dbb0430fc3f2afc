"""The google_auth demo: the login with its local service step by step, what both refuse, and a browser that logs in."""

import base64
import hashlib
import os
import pathlib
import re
import sys
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import ROOT, WireServer

sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGE = "final/demos/google_auth/README.md"
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder to leave them in
ADA, GRACE = "1001", "1002"


@pytest.fixture
def demo():
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    server = WireServer([str(build / "final" / "demos" / "google_auth" / "google_auth"), "--logging=info"], "--port=0")
    yield server
    server.check_alive()
    server.stop()
    assert "Uncaught" not in server.log()


class Person:
    """Somebody with a browser, who goes step by step."""

    def __init__(self, demo):
        self.demo = demo
        self.session = requests.Session()
        self.session.trust_env = False

    def get(self, url):
        url = self.demo.url + url if url.startswith("/") else url
        return self.session.get(url, timeout=20, allow_redirects=False)

    def location(self, url):
        response = self.get(url)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def start(self):
        """The service's page."""
        return self.location("/auth/login")

    def choose(self, page, choice):
        """Where the service sends the browser."""
        token = re.search(r'name="_xsrf" value="([^"]+)"', self.get(page).text)[1]
        response = self.session.post(page, data={"choice": choice, "_xsrf": token}, timeout=20, allow_redirects=False)
        assert response.status_code == 302, response.text
        return response.headers["Location"]

    def log_in(self, choice=ADA):
        return self.get(self.choose(self.start(), choice))

    def home(self):
        return self.get("/").text


@pytest.fixture
def person(demo):
    return Person(demo)


def query(url):
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}


def site(url):
    return "{0.scheme}://{0.netloc}".format(urlsplit(url))


# ---- the login


def test_a_person_logs_in_and_out(demo, person):
    assert "Log in with Google" in person.home()
    page = person.start()
    sent = query(page)
    assert urlsplit(page).path == "/o/oauth2/v2/auth" and site(page) != demo.url
    assert sent["redirect_uri"] == demo.url + "/auth/login"
    assert (sent["response_type"], sent["scope"], sent["code_challenge_method"]) == ("code", "profile email", "S256")
    back = person.choose(page, GRACE)
    assert query(back)["state"] == sent["state"]
    answer = person.get(back)
    assert (answer.status_code, answer.headers["Location"]) == (302, "/")
    cookie = next(line for line in answer.raw.headers.getlist("Set-Cookie") if line.startswith("google_auth_user="))
    assert "HttpOnly" in cookie and "SameSite=Lax" in cookie
    home = person.home()
    assert "Hello, Grace Hopper" in home and "grace@example.com" in home
    token = re.search(r'name="_xsrf" value="([^"]+)"', home)[1]
    person.session.post(demo.url + "/auth/logout", data={"_xsrf": token}, timeout=20)
    assert "Log in with Google" in person.home()


def test_a_person_who_says_no_is_not_logged_in(person):
    back = person.choose(person.start(), "nobody")
    assert query(back)["error"] == "access_denied"
    answer = person.get(back)
    assert answer.status_code == 403 and "Not logged in" in answer.text
    assert "Log in with Google" in person.home()


def test_a_code_is_good_once(demo, person):
    back = person.choose(person.start(), ADA)
    assert person.get(back).status_code == 302
    assert person.get(back).status_code == 403
    assert "no state" in demo.log()


def test_a_link_of_somebody_else_logs_nobody_in(demo, person):
    link = person.choose(person.start(), ADA)
    victim = Person(demo)
    assert victim.get(link).status_code == 403
    victim.start()
    assert victim.get(link).status_code == 403
    assert "Log in with Google" in victim.home()


def test_a_stolen_code_is_of_no_use(demo, person):
    stolen = query(person.choose(person.start(), ADA))["code"]
    thief = Person(demo)
    own = query(thief.choose(thief.start(), GRACE))
    assert thief.get(f"/auth/login?code={stolen}&state={own['state']}").status_code == 403
    assert "The code_verifier does not fit" in demo.log()


def test_a_made_up_code_is_refused(person):
    state = query(person.start())["state"]
    assert person.get(f"/auth/login?code=guess&state={state}").status_code == 403
    assert person.get("/auth/login?code=guess&state=guess").status_code == 403
    assert person.get("/auth/login?code=guess").status_code == 403


def test_a_cookie_made_by_the_client_is_not_a_login(demo, person):
    person.session.cookies["google_auth_user"] = '{"name": "Eve", "email": "eve@example.com"}'
    assert "Log in with Google" in person.home()


def test_nothing_secret_is_logged(demo, person):
    person.log_in()
    assert "secret" not in demo.log()


# ---- the service


@pytest.mark.parametrize("changed", [
    {"client_id": "other"}, {"client_id": ""}, {"redirect_uri": "http://evil.example/auth/login"}, {"redirect_uri": ""},
    {"redirect_uri": "http://127.0.0.1/auth/login"},
])
def test_a_program_that_nobody_knows_gets_no_one(person, changed):
    page = person.start()
    response = person.session.get(page.split("?")[0], params={**query(page), **changed}, timeout=20, allow_redirects=False)
    assert response.status_code == 400


@pytest.mark.parametrize("changed, error", [
    ({"response_type": "token"}, "unsupported_response_type"), ({"code_challenge_method": "plain"}, "invalid_request")])
def test_what_the_service_cannot_do_is_said_to_the_program(person, changed, error):
    page = person.start()
    response = person.session.get(page.split("?")[0], params={**query(page), **changed}, timeout=20, allow_redirects=False)
    assert response.status_code == 302
    answer = query(response.headers["Location"])
    assert answer["error"] == error and answer["state"] == query(page)["state"]


def test_the_service_refuses_programs_with_a_json_error(person):
    service = site(person.start())
    form = {"client_id": "local-key", "client_secret": "guess", "grant_type": "authorization_code", "code": "x"}
    response = requests.post(service + "/oauth2/v4/token", data=form, timeout=20)
    assert (response.status_code, response.json()["error"]) == (401, "invalid_client")
    assert response.headers["Cache-Control"] == "no-store"
    for headers in ({}, {"Authorization": "Bearer guess"}, {"Authorization": "Basic guess"}):
        response = requests.get(service + "/oauth2/v1/userinfo", headers=headers, timeout=20)
        assert (response.status_code, response.json()["error"]) == (401, "invalid_token")
        assert "invalid_token" in response.headers["WWW-Authenticate"]


def test_forms_without_the_token_are_refused(demo, person):
    page = person.start()
    assert person.session.post(page, data={"choice": ADA}, timeout=20).status_code == 403
    assert person.session.post(demo.url + "/auth/logout", timeout=20).status_code == 403


def test_the_challenge_is_the_digest_of_the_verifier(person):
    challenge = query(person.start())["code_challenge"]
    verifier = person.session.cookies["_oauth2_state"].partition(".")[2]
    digest = hashlib.sha256(verifier.encode()).digest()
    assert challenge == base64.urlsafe_b64encode(digest).decode().rstrip("=")


# ---- browsers


@pytest.fixture
def browser(start_browser):
    driver = start_browser()
    yield driver
    driver.quit()


def screenshot(browser, name):
    if SCREENSHOTS:
        assert browser.save_screenshot(str(pathlib.Path(SCREENSHOTS) / f"google_auth_{name}.png"))


def press(browser, words):
    """Presses the button or link that begins with these words, and waits for the next page."""
    here = browser.find_element(By.TAG_NAME, "html")
    found = browser.find_elements(By.CSS_SELECTOR, "button, a.button")
    next(element for element in found if element.text.startswith(words)).click()
    WebDriverWait(browser, 20).until(lambda driver: driver.find_element(By.TAG_NAME, "html") != here)
    WebDriverWait(browser, 20).until(lambda driver: driver.find_elements(By.TAG_NAME, "h1"))


def heading(browser):
    return browser.find_element(By.TAG_NAME, "h1").text


def test_a_browser_logs_in(demo, browser):
    browser.get(demo.url + "/")
    screenshot(browser, "welcome")
    press(browser, "Log in with Google")
    assert heading(browser) == "Choose an account" and not browser.current_url.startswith(demo.url)
    screenshot(browser, "service")
    press(browser, "Ada Lovelace")
    assert heading(browser) == "Hello, Ada Lovelace" and browser.current_url == demo.url + "/"
    screenshot(browser, "home")
    browser.refresh()
    assert heading(browser) == "Hello, Ada Lovelace"
    press(browser, "Log out")
    assert heading(browser) == "Who are you?"
    assert browser.get_log("browser") == []


def test_a_browser_says_no_on_a_phone_at_night(demo, browser):
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 320, "height": 568, "deviceScaleFactor": 2, "mobile": True})
    browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
    browser.get(demo.url + "/")
    press(browser, "Log in with Google")
    assert browser.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
    ground = browser.execute_script("return getComputedStyle(document.body).backgroundColor")
    assert max(int(number) for number in re.findall(r"\d+", ground)) < 64
    screenshot(browser, "service_phone_dark")
    press(browser, "No")
    assert heading(browser) == "Not logged in"
    screenshot(browser, "denied_phone_dark")
    press(browser, "Back to the start")
    assert heading(browser) == "Who are you?"


# ---- the page that explains it


def test_the_page_quotes_the_program():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert len(quoted) >= 4
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])
