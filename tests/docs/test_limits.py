"""The page of all limits: what it takes from a header, and whether it is up to date."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "scripts"))

import limits  # noqa: E402  (found by the line above)

HEADER = """
// Options of a thing.
struct Options {
  Options() {}

  // What it holds.
  //
  // Bytes; 0: none. Unset: all. More is said here.
  std::optional<std::uint64_t> max_total;
  double read_timeout = 1'500;  // for a|all
  // Two of them: seconds, bytes.
  double ping_interval = 0;
  std::size_t max_size = 65'536;
  bool open = true;
  std::size_t max_other = kOther;
  int get_max_size() const;
};
"""


def test_what_a_header_says():
    assert limits.limits_of(HEADER) == [
        ("Options", "max_total", "unset", "Bytes; 0: none. Unset: all. More is said here."),
        ("Options", "read_timeout", "1,500", "for a|all"),
        ("Options", "ping_interval", "0", "Two of them: seconds, bytes."),
        ("Options", "max_size", "65,536", "Two of them: seconds, bytes."),
        ("Options", "max_other", "`kOther`", ""),
    ]


def test_a_row_has_two_sentences_at_most():
    page = limits.page_of([("thing.h", HEADER)])
    assert page.splitlines()[-5:-3] == [
        "| `Options::max_total` ([thing.h](../include/tornado/thing.h)) | unset | Bytes; 0: none. Unset: all. |",
        "| `Options::read_timeout` ([thing.h](../include/tornado/thing.h)) | 1,500 | for a\\|all |",
    ]


def test_the_page_is_what_the_headers_hold():
    assert limits.main(["--check"]) == 0
