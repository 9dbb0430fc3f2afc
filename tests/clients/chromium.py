"""Starts a browser without a window. `make test` leaves the tests that have this fixture to `make check` (tests/conftest.py)."""

import shutil

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service

FLAGS = ["--headless=new", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-dev-shm-usage",
         "--disable-background-networking", "--disable-component-update", "--disable-sync", "--no-proxy-server"]


def start(profile_folder, waits_for):
    options = webdriver.ChromeOptions()
    options.page_load_strategy = waits_for
    options.binary_location = shutil.which("chromium")
    for flag in [*FLAGS, f"--user-data-dir={profile_folder}"]:
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    driver = webdriver.Chrome(service=Service(shutil.which("chromedriver")), options=options)
    driver.set_page_load_timeout(20)
    driver.set_script_timeout(20)
    return driver


@pytest.fixture(scope="session")
def start_browser(tmp_path_factory):
    """A function that starts one, which the caller ends: start_browser(waits_for="normal").

    `waits_for`: until when get() and what follows it wait, as WebDriver's page load strategy."""
    return lambda waits_for="normal": start(tmp_path_factory.mktemp("chromium"), waits_for)
