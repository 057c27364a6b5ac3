"""The table of verify codes against the local OpenSSL: its library, and its header where there is one."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from support.oracle import CRYPTO

from sslwhy.causes.registry import all_causes
from sslwhy.causes.verify_codes import VerifyCode, causes_of, verify_message


HEADER = Path("/usr/include/openssl/x509_vfy.h")
HIGHEST = 200


def _library_words(number: int) -> str:
    return str(CRYPTO.X509_verify_cert_error_string(number).decode())


def _known_to_the_library() -> list[int]:
    unknown = _library_words(HIGHEST)
    return [number for number in range(HIGHEST) if _library_words(number) != unknown]


def test_every_code_of_the_library_has_a_row() -> None:
    """No number that OpenSSL has words for is missing, and the words are OpenSSL's."""
    numbers = _known_to_the_library()
    assert len(numbers) > 90
    assert {number: verify_message(number) for number in numbers} == {
        number: _library_words(number) for number in numbers
    }


@pytest.mark.skipif(not HEADER.exists(), reason="OpenSSL's headers are not installed")
def test_rows_bear_the_names_of_the_header() -> None:
    """Each row's name is the macro's without X509_V_ERR_."""
    defined = re.findall(r"#\s*define\s+X509_V_(?:ERR_)?(\w+)\s+(\d+)", HEADER.read_text(encoding="utf-8"))
    macros = {name: int(number) for name, number in defined if not name.startswith("FLAG_")}
    assert {name: macros[name] for name in macros if name in VerifyCode.__members__} == {
        code.name: int(code) for code in VerifyCode if code <= VerifyCode.EC_KEY_EXPLICIT_PARAMS
    }


def test_each_row_leads_to_causes_that_exist() -> None:
    """Every code stands for causes of ours, or says honestly that it is unclassified."""
    known = {cause.code for cause in all_causes()}
    for code in VerifyCode:
        assert code.causes
        assert set(code.causes) <= known


def test_numbers_without_a_row() -> None:
    """A code of a newer OpenSSL is unclassified; success and silence stand for nothing."""
    assert causes_of(HIGHEST) == ("unclassified",)
    assert verify_message(HIGHEST) == f"verify code {HIGHEST}"
    assert causes_of(0) == causes_of(None) == ()
    assert verify_message(0) == "ok"
