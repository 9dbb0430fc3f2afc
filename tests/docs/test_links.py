"""Links out of the repository have a known shape. Nothing is fetched: the tests need no network."""

import pathlib
import re
import sys
from urllib.parse import urlsplit

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import pages  # noqa: E402  (found by the line above)

PAGES = [*pages.pages(), *(str(page.relative_to(ROOT)) for pattern in ("final/demos/*/README.md", "exercises/*/hints/*.md")
                           for page in sorted(ROOT.glob(pattern)))]
LESSONS = [page for page in PAGES if page.startswith("chapters/") or page == "final/README.md"]
AT_LEAST, AT_MOST = 6, 15  # addresses a lesson leads to: more would be a bibliography
LINK = re.compile(r"\]\(<?(https?://[^)\s>]+)>?\)")
OWN_MACHINE = re.compile(r"https?://(?:localhost|127\.0\.0\.1)\b")
# host -> what may follow it, and why the course trusts that the address stays.
HOSTS = {
    "man7.org": (r"/linux/man-pages/man(\d)/[\w.+-]+\.\1\.html", "the Linux manual pages, kept by their maintainer"),
    "www.rfc-editor.org": (r"/rfc/rfc\d{1,5}(?:#(?:section|appendix)-[\w.]+)?", "RFCs never change"),
    # 6.5.2 is the version that the framework follows; 4.5.3 is the last that always ran an event loop of its own.
    "github.com": (r"/tornadoweb/tornado/blob/v(?:6\.5\.2|4\.5\.3)/tornado/[\w/]+\.py(?:#L\d+(?:-L\d+)?)?"
                   r"|/google/re2/wiki/Syntax", "sources at a tag; the syntax that the routes accept"),
    "www.tornadoweb.org": (r"/|/en/stable/\w+\.html(?:#[\w.]+)?", "Tornado's own documentation"),
    "beej.us": (r"/guide/bgnet/", "the guide to sockets that everyone starts with"),
    "www.kegel.com": (r"/c10k\.html", "the page that named the C10K problem"),
    "blog.netherlabs.nl": (r"/articles/2009/01/18/[\w-]+", "the best explanation of lingering closes"),
    "portswigger.net": (r"/research/[\w-]+", "the research that made request smuggling known again"),
    "owasp.org": (r"/www-community/attacks/[\w-]+", "the standard description of an attack"),
    "swtch.com": (r"/~rsc/regexp/regexp1\.html", "why RE2 takes linear time, by its author"),
    "url.spec.whatwg.org": (r"/(?:#[\w/-]+)?", "the living standard of URLs and forms"),
    "blog.izs.me": (r"/2013/08/[\w-]+/", "where 'releasing Zalgo' comes from"),
    "dl.acm.org": (r"/doi/10\.\d+/[\d.]+", "a DOI is permanent"),
    "en.cppreference.com": (r"/w/cpp/[\w/]+", "the reference of the language"),
    "isocpp.github.io": (r"/CppCoreGuidelines/CppCoreGuidelines#R[\w-]+", "a rule of the Core Guidelines"),
    "lewissbaker.github.io": (r"/\d{4}/\d\d/\d\d/[\w-]+", "how coroutines work, by an author of cppcoro"),
    "commonmark.org": (r"/help/", "the Markdown that readers of the blog may write"),
    "google.github.io": (r"/googletest/", "the manual of the test library"),
    "developer.mozilla.org": (r"/en-US/docs/Web/API/\w+", "the reference of what browsers offer"),
    "console.cloud.google.com": (r"/apis/credentials", "where Google gives out client IDs"),
}
WITHOUT_TLS = {"www.kegel.com"}  # its author publishes it with http


def external(text):
    """The addresses outside this machine that a page links to."""
    return [url for url in LINK.findall(pages.FENCE.sub("", text)) if not OWN_MACHINE.match(url)]


def fault(url):
    """What is wrong with an address; None if nothing is."""
    parts = urlsplit(url)
    if parts.hostname not in HOSTS:
        return f"{parts.hostname} is not in HOSTS: add it with a reason, or link to a page that stays"
    if parts.scheme != "https" and parts.hostname not in WITHOUT_TLS:
        return "not https"
    shape, _ = HOSTS[parts.hostname]
    place = url.partition("//")[2].removeprefix(parts.netloc)
    return None if re.fullmatch(shape, place) else f"{place} is not of the form {shape}"


@pytest.mark.parametrize("page", PAGES)
def test_external_links_have_a_known_shape(page):
    assert {url: fault(url) for url in external((ROOT / page).read_text()) if fault(url)} == {}


@pytest.mark.parametrize("page", LESSONS)
def test_a_lesson_leads_out_of_the_repository(page):
    assert AT_LEAST <= len(set(external((ROOT / page).read_text()))) <= AT_MOST


@pytest.mark.parametrize("page", LESSONS)
def test_a_lesson_names_a_manual_or_standard_and_tornado(page):
    hosts = {urlsplit(url).hostname for url in external((ROOT / page).read_text())}
    assert hosts & {"man7.org", "www.rfc-editor.org"} and "github.com" in hosts


def test_every_allowed_host_is_linked_to():
    linked = {urlsplit(url).hostname for page in PAGES for url in external((ROOT / page).read_text())}
    assert HOSTS.keys() - linked == set()


# ---- the checker itself


@pytest.mark.parametrize("url, good", [
    ("https://man7.org/linux/man-pages/man2/accept.2.html", True), ("https://man7.org/linux/man-pages/man2/accept.3.html", False),
    ("http://man7.org/linux/man-pages/man2/accept.2.html", False), ("https://man7.org/accept.html", False),
    ("https://www.rfc-editor.org/rfc/rfc9112#section-6.3", True), ("https://www.rfc-editor.org/rfc/rfc9112.txt", False),
    ("https://tools.ietf.org/html/rfc9112", False),
    ("https://github.com/tornadoweb/tornado/blob/v6.5.2/tornado/web.py", True),
    ("https://github.com/tornadoweb/tornado/blob/v6.5.2/tornado/web.py#L10-L20", True),
    ("https://github.com/tornadoweb/tornado/blob/master/tornado/web.py", False),
    ("http://www.kegel.com/c10k.html", True), ("https://example.com/", False)])
def test_a_shape_is_known_or_not(url, good):
    assert (fault(url) is None) is good


def test_code_and_servers_of_this_machine_are_not_links_out():
    text = "[a](https://a.example/b)\n[b](http://localhost:8888/)\n[c](c.md)\n```text\n[d](https://d.example/)\n```\n"
    assert external(text) == ["https://a.example/b"]
