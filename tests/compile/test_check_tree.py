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
    ("final/include/tornado/detail/a.h", "// Internal header.\n#pragma once\n"),
    ("final/include/tornado/json.h", PUBLIC + "#include <nlohmann/json.hpp>\n"),
    ("final/src/net/a.cc", '#include "loop/b.h"\n#include "net/c.h"\n#include <openssl/ssl.h>\n'),
    ("final/src/net/a.cc", "void f() {\n" + "  g();\n" * 58 + "}\n"),
    ("final/src/net/a.cc", "namespace a {\n" + "int g();\n" * 100 + "}\n"),
    ("tests/a_test.cc", "x\n" * 800),
]
BREACHES = [
    ("final/src/net/a.cc", "x;\n" * 801, "801 lines"),
    ("chapters/01/a.cc", "x;\n" * 401, "401 lines"),
    ("final/src/net/a.cc", "void f() {\n" + "  g();\n" * 59 + "}\n", "a function of 61 lines"),
    ("tests/a_test.cc", SKIP, SKIP.partition("(")[0]),
    ("tests/test_a.py", "@pytest.mark." + "skip\n", "a test runs or does not exist"),
    ("final/include/tornado/a.h", "#pragma once\n", "Public header"),
    ("final/src/net/a.h", PUBLIC, "Internal header"),
    ("final/src/net/a.h", "// Internal header.\n", "no #pragma once"),
    ("final/src/net/a.cc", '#include "http/a.h"\n', "stands on it"),
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
