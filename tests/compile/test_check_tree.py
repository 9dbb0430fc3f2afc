"""The checker of the house rules reports each breach, and says nothing of clean files."""

import pathlib
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(ROOT / "scripts"))

import check_tree  # noqa: E402

PUBLIC = "// Public header.\n#pragma once\n"
SKIP = "GTEST_" + "SKIP() << 1;\n"
CLEAN = [
    ("final/include/tornado/a.h", PUBLIC + "#include <string>\n"),
    ("final/include/tornado/core/a.h", "// Internal header.\n#pragma once\n"),
    ("final/include/tornado/json.h", PUBLIC + "#include <nlohmann/json.hpp>\n"),
    ("final/src/net/a.cc", '#include "loop/b.h"\n#include "net/c.h"\n#include <openssl/ssl.h>\n'),
    ("final/src/net/a.cc", '#include "net/tcp/a.h"\n'),
    ("final/src/net/tls/a.cc", '#include "net/tls/b.h"\n#include "net/stream/a.h"\n#include "net/errors.h"\n'),
    ("final/src/http/client/a.cc", '#include "net/tcp/a.h"\n#include "http/message/a.h"\n'),
    ("final/src/net/a.cc", "void f() {\n" + "  g();\n" * 58 + "}\n"),
    ("final/src/net/a.cc", "namespace a {\n" + "int g();\n" * 100 + "}\n"),
    ("tests/a_test.cc", "x\n" * 800),
]
BREACHES = [
    ("final/src/net/a.cc", "x;\n" * 801, "801 lines"),
    ("chapters/01/a.cc", "x;\n" * 401, "401 lines"),
    ("final/src/net/a.cc", "void f() {\n" + "  g();\n" * 59 + "}\n", "a function of 61 lines"),
    ("tests/a_test.cc", SKIP, SKIP.partition("(")[0]),
    ("tests/test_a.py", "@pytest.mark." + "skip\n", "no test is skipped"),
    ("final/include/tornado/a.h", "#pragma once\n", "Public header"),
    ("final/src/net/a.h", PUBLIC, "Internal header"),
    ("final/src/net/a.h", "// Internal header.\n", "no #pragma once"),
    ("final/src/net/a.cc", '#include "http/a.h"\n', "of a room above it"),
    ("final/src/net/stream/a.cc", '#include "net/tls/a.h"\n', "net/stream includes net/tls/a.h, which it may not"),
    ("final/src/net/process/a.cc", '#include "net/errors.h"\n', "which it may not"),
    ("final/src/http/message/a.cc", '#include "loop/a.h"\n', "which it may not"),
    ("final/src/http/curl/a.cc", '#include "http/server/a.h"\n', "which it may not"),
    ("final/src/web/auth/a.cc", '#include "http/server/a.h"\n', "which it may not"),
    ("final/src/web/cellar/a.cc", "", "web/cellar is missing in the table"),
    ("final/include/tornado/a.h", PUBLIC + "#include <openssl/ssl.h>\n", "<openssl/ssl.h>"),
    ("final/include/tornado/a.h", PUBLIC + "#include <iostream>\n", "<iostream>"),
]


@pytest.mark.parametrize("name, source", CLEAN)
def test_clean_files_pass(name, source):
    assert list(check_tree.problems(name, source)) == []


@pytest.mark.parametrize("name, source, words", BREACHES)
def test_each_breach_is_reported_once(name, source, words):
    found = list(check_tree.problems(name, source))
    assert len(found) == 1, found
    assert words in found[0][1]


def found_circles(**includes):
    """Of files of loop/, each with what it includes; b_cc is the source of b."""
    def name(part):
        return f"final/src/loop/{part.removesuffix('_cc')}.{'cc' if part.endswith('_cc') else 'h'}"

    sources = {name(part): "#pragma once\n" + "".join(f'#include "loop/{other}.h"\n' for other in others.split())
               for part, others in includes.items()}
    return sorted((path.rpartition("/")[2], line) for path, line, _ in check_tree.circles(sources))


def test_a_chain_of_includes_is_not_a_circle():
    assert found_circles(a="b c", b="c", c="", a_cc="a b", b_cc="b c") == []


def test_a_circle_of_headers_is_reported_at_each_of_its_includes():
    assert found_circles(a="d b", b="c", c="a", d="", e="a") == [("a.h", 3), ("b.h", 2), ("c.h", 2)]


def test_a_header_and_its_source_are_one():
    assert found_circles(a="b", b="", b_cc="b a") == [("a.h", 2), ("b.cc", 3)]


def test_parts_of_one_thing_may_know_each_other():
    assert found_circles(loop_state="", signals="", loop_state_cc="signals", signals_cc="loop_state") == []
