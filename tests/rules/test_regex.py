"""Regular expressions in Lucene's syntax, held against Python's on text in lower case."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.rules.regex import lucene


@pytest.mark.parametrize(
    ("pattern", "wanted"),
    [
        ("abc", ".*abc.*"),
        ("^abc$", "abc"),
        ("^A|b$", "a.*|.*b"),
        ("(?i)[.\\/](mips|arm[4-7]?)$", ".*[./](mips|arm[4-7]?)"),
        (r"\d{1,3}\.\d+?", r".*[0-9]{1,3}\.[0-9]+.*"),
        (r"^(?:a|b)\s\W", "(a|b)[ \t\n\r\f\v][^a-z0-9_].*"),
        (r"a#b@c&d<e>f~g\"h", r".*a\#b\@c\&d\<e\>f\~g\"h.*"),
        ("[^]a-C]", r".*[^\]a-c].*"),
        (r"C:\\Users", r".*c:\\users.*"),
    ],
)
def test_translation(pattern: str, wanted: str) -> None:
    assert lucene(pattern) == wanted


@pytest.mark.parametrize(
    "pattern", ["(?=a)", "(?<!a)b", r"(a)\1", r"\bword", "a^b", "(a$|b)c", "[a", r"[\D]", r"a\z"]
)
def test_what_lucene_cannot_say(pattern: str) -> None:
    with pytest.raises(ValueError, match=r"Lucene|class"):
        lucene(pattern)


pieces = st.sampled_from(
    [
        "a",
        "B",
        ".",
        "\\.",
        "[a-c]",
        "[^A]",
        "\\d",
        "\\w",
        "(a|b)",
        "(?:Xy)",
        "c?",
        "d*",
        "e+?",
        "f{1,2}",
        "-",
        " ",
        "/",
    ]
)
patterns = st.tuples(
    st.sampled_from(["", "^", "(?i)"]), st.lists(pieces, min_size=1, max_size=6), st.sampled_from(["", "$"])
)
texts = st.text(alphabet="abcdefxy0._- /", max_size=12)


@given(patterns, texts)
def test_it_finds_what_the_original_finds_in_lower_case(parts: tuple[str, list[str], str], text: str) -> None:
    pattern = parts[0] + "".join(parts[1]) + parts[2]
    # what is left of Lucene's syntax here is also Python's, but that it is anchored
    found = re.fullmatch(lucene(pattern), text) is not None
    assert found is (re.search(pattern, text, re.IGNORECASE) is not None)
