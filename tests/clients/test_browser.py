"""A browser, without a window: opens the application's pages as a person would."""

from selenium.webdriver.common.by import By


def body_text(browser):
    return browser.find_element(By.TAG_NAME, "body").text


def errors(browser):
    """What the browser's console complained of; the icon that no page names is looked for by itself."""
    return [entry for entry in browser.get_log("browser") if "favicon.ico" not in entry["message"]]


def test_browser_shows_hello_world(browser, server):
    browser.get(server.url + "/")
    assert body_text(browser) == "Hello, world"
    assert browser.execute_script("return document.characterSet") == "UTF-8"
    assert errors(browser) == []


def test_browser_reloads_and_uses_what_it_has(browser, server):
    browser.get(server.url + "/")
    browser.refresh()
    assert body_text(browser) == "Hello, world"
    assert errors(browser) == []


def test_browser_shows_a_chunked_page(browser, server):
    browser.get(server.url + "/flush")
    assert body_text(browser) == "onetwothreeend"
    assert errors(browser) == []


def test_browser_follows_a_redirect(browser, server):
    browser.get(server.url + "/redirect?to=/path/a/%25C3%25A4")
    assert browser.current_url == server.url + "/path/a/%C3%A4"
    assert body_text(browser) == "a|ä"
    assert errors(browser) == []


def test_browser_shows_an_error_page(browser, server):
    browser.get(server.url + "/nothing/here")
    assert body_text(browser) == "404: Not Found"
    assert browser.title == "404: Not Found"


def test_browser_fetches_from_a_script(browser, server):
    browser.get(server.url + "/")
    posted = browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        fetch('/args', {method: 'POST', body: new URLSearchParams([['a', 'ä'], ['a', '&=']])})
            .then(response => response.json()).then(done, error => done(String(error)));""")
    assert posted == {"a": ["ä", "&="]}
    parallel = browser.execute_async_script("""
        const done = arguments[arguments.length - 1];
        const one = number => fetch('/path/' + number + '/x', {cache: 'no-store'}).then(response => response.text());
        Promise.all([...Array(50).keys()].map(one)).then(done, error => done(String(error)));""")
    assert parallel == [f"{number}|x" for number in range(50)]
    assert errors(browser) == []


def test_browser_that_leaves_a_page_ends_its_request(browser, server, client):
    browser.get(server.url + "/")
    browser.execute_script("const stop = new AbortController(); window.stop = stop; fetch('/hold', {signal: stop.signal}).catch(() => 0);")
    browser.execute_script("window.stop.abort();")
    browser.get(server.url + "/async")
    assert body_text(browser) == "async"
    assert errors(browser) == []
