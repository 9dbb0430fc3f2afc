"""The chat demo: long polling by hand, and between two browsers that share nothing."""

import json
import os
import pathlib
import re
import sys
from urllib.parse import urlencode

import pytest
from raw import Connection, connect
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from wire_server import ROOT, WireServer, wait_until

sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGE = "final/demos/chat/README.md"
SCREENSHOTS = os.environ.get("SCREENSHOTS")  # a folder to leave them in


def start():
    build = pathlib.Path(os.environ.get("TORNADO_BUILD", ROOT / "build" / "debug"))
    return WireServer([str(build / "final" / "demos" / "chat" / "chat")], "--port=0")


@pytest.fixture
def chat():
    server = start()
    yield server
    server.check_alive()
    server.stop()
    assert "exception" not in server.log()


class Guest(Connection):
    """A connection that has loaded the page, and so has its cookie."""

    def __init__(self, chat):
        super().__init__(connect(chat.port).sock)
        page = self.get("/")
        assert page.status == 200
        self.token = re.match("_xsrf=([^;]*)", page.get("Set-Cookie"))[1]

    def ask_for(self, path, **fields):
        body = urlencode(fields)
        self.send("\r\n".join([f"POST {path} HTTP/1.1", "Host: h", f"Cookie: _xsrf={self.token}", f"X-Xsrftoken: {self.token}",
                               "Content-Type: application/x-www-form-urlencoded", f"Content-Length: {len(body)}", "", body]).encode())

    def post(self, path, **fields):
        self.ask_for(path, **fields)
        return self.read_response("POST")

    def say(self, body, **fields):
        answer = self.post("/a/message/new", body=body, **fields)
        assert answer.status == 200
        return json.loads(answer.body)

    def news(self):
        return json.loads(self.read_response("POST").body)["messages"]


@pytest.fixture
def guests(chat):
    made = [Guest(chat) for _ in range(3)]
    yield made
    for guest in made:
        guest.close()


def test_a_message_is_its_own_answer_and_everybodys_news(guests):
    one, two, three = guests
    for waiting in (one, two):
        waiting.ask_for("/a/message/updates", cursor=0)
    said = three.say("grüße", **{"from": "three"})
    assert (said["from"], said["body"]) == ("three", "grüße")
    assert one.news() == two.news() == [said]


def test_a_cursor_gives_what_came_since(guests):
    said = [guests[0].say(f"message {number}") for number in range(5)]
    for seen in range(5):
        cursor = said[seen - 1]["id"] if seen else 0
        guests[1].ask_for("/a/message/updates", cursor=cursor)
        assert guests[1].news() == said[seen:]
    places = [tuple(map(int, message["id"].split("-"))) for message in said]
    assert places == sorted(set(places))


def test_the_last_200_are_kept(guests):
    said = [guests[0].say(str(number)) for number in range(230)]
    guests[1].ask_for("/a/message/updates")
    assert guests[1].news() == said[30:]


def test_a_page_of_an_earlier_run_sees_what_is_new(guests):
    first_of_this_run = int(guests[0].say("x")["id"].partition("-")[0])
    guests[1].ask_for("/a/message/updates", cursor=f"{first_of_this_run - 1000}-7")
    assert len(guests[1].news()) == 1


@pytest.mark.parametrize("path, fields", [
    ("/a/message/new", {}), ("/a/message/new", {"body": " "}), ("/a/message/new", {"body": "x" * 2001}),
    ("/a/message/new", {"body": "x", "from": "y" * 101}), ("/a/message/new", {"body": b"\xff"}),
    *(("/a/message/updates", {"cursor": cursor}) for cursor in ("", "x", "1", "1x-0", "1.5-0", "1-", "9" * 30 + "-0")),
])
def test_what_no_page_sends_is_400(guests, path, fields):
    assert guests[0].post(path, **fields).status == 400
    assert guests[0].say("still here")["body"] == "still here"


def test_3_11_a_request_without_the_token_is_refused(chat, guests):
    for path in ("/a/message/new", "/a/message/updates"):
        with connect(chat.port) as other:
            assert other.get(path, "Content-Length: 0", method="POST").status == 403


def test_a_waiting_client_that_leaves_is_forgotten(chat, guests):
    files = chat.open_files()
    for leave in (Guest.close, Guest.reset, Guest.half_close):
        guest = Guest(chat)
        guest.ask_for("/a/message/updates")
        leave(guest)
        if leave is Guest.half_close:
            assert guest.read_to_end() == b""
            guest.close()
        # Nobody says a word, and yet the wait is over.
        wait_until(lambda: chat.open_files() == files, "the connection is gone")
    wait_until(lambda: chat.log().count("POST /a/message/updates") == 3, "the handlers have ended")
    guests[0].say("anybody?")


def test_everybody_of_many_hears_it(chat):
    many = [Guest(chat) for _ in range(200)]
    for guest in many[1:]:
        guest.ask_for("/a/message/updates")
    said = many[0].say("hello, all")
    for guest in many[1:]:
        assert guest.news() == [said]
        guest.close()
    many[0].close()


# ---- browsers


def screenshot(browser, name):
    if SCREENSHOTS:
        assert browser.save_screenshot(str(pathlib.Path(SCREENSHOTS) / name))


def say(browser, name, text):
    for field, value in (("from", name), ("body", text)):
        browser.find_element(By.ID, field).clear()
        browser.find_element(By.ID, field).send_keys(value)
    browser.find_element(By.TAG_NAME, "button").click()


def inbox(browser, count):
    WebDriverWait(browser, 20, 0.02).until(lambda _: len(browser.find_elements(By.CSS_SELECTOR, "#inbox li")) == count)
    return [item.text for item in browser.find_elements(By.CSS_SELECTOR, "#inbox li")]


def test_two_browsers_that_share_nothing(chat, start_browser):
    browsers = []
    try:
        for _ in range(2):
            browsers.append(start_browser())
            browsers[-1].get(chat.url + "/")
        ann, bob = browsers
        assert ann.get_cookie("_xsrf")["value"] != bob.get_cookie("_xsrf")["value"]
        bob.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", {"width": 360, "height": 640, "deviceScaleFactor": 2, "mobile": True})
        bob.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": [{"name": "prefers-color-scheme", "value": "dark"}]})
        say(ann, "Ann", "Is anybody there? <b>Anybody?</b>")
        expected = ["Ann\nIs anybody there? <b>Anybody?</b>"]
        assert inbox(ann, 1) == inbox(bob, 1) == expected
        say(bob, "Bob", "Yes. " + "Averylongwordthatneverends" * 4)
        expected.append("Bob\nYes. " + "Averylongwordthatneverends" * 4)
        assert inbox(ann, 2) == inbox(bob, 2) == expected
        # A phone in a dark room: nothing is cut off, and the ground is dark.
        assert bob.execute_script("return document.documentElement.scrollWidth <= window.innerWidth")
        ground = bob.execute_script("return getComputedStyle(document.body).backgroundColor")
        assert max(int(number) for number in re.findall(r"\d+", ground)) < 64
        screenshot(ann, "chat-desktop.png")
        screenshot(bob, "chat-phone-dark.png")
        # A visitor who comes later sees the earlier messages.
        ann.refresh()
        assert inbox(ann, 2) == expected
        assert ann.get_log("browser") == bob.get_log("browser") == []
    finally:
        for browser in browsers:
            browser.quit()


# ---- the page that explains it


def test_the_page_quotes_the_program():
    quoted = [fence for fence in pages.fences(PAGE) if fence.is_code]
    assert len(quoted) >= 2
    for fence in quoted:
        assert fence.text == pages.quote(fence.named["file"])
