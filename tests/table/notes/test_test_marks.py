"""What says that a credential is a test's, and what only sounds so."""

from __future__ import annotations

import pytest

from forensics.table.notes.test_marks import around, in_claims


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "user2@example.com"},
        {"iss": "http://localhost:3000"},
        {"iss": "https://auth.shop.test/"},
        {"aud": ["https://api.example.org"]},
        {"sub": "test-user"},
        {"iss": "mock"},
        {"email": "ann@nowhere.invalid"},
    ],
)
def test_claims_of_a_test(claims):
    assert in_claims(claims)


@pytest.mark.parametrize(
    "claims",
    [
        {"email": "ann@contest.io"},
        {"iss": "https://login.latest.com"},
        {"iss": "https://myexample.com.evil.io"},
        {"scope": "test"},
        {"sub": 7},
    ],
)
def test_claims_of_anybody(claims):
    assert not in_claims(claims)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("# generated for tests only\\n", ""),
        ("cat tests/fixtures/keys/server.pem ", ""),
        ("", " # a dummy key"),
        ("curl -H 'Authorization: Bearer ", "' http://localhost:8080/a"),
        ("this is not a real secret: ", ""),
    ],
)
def test_words_around_that_say_so(before, after):
    data = f"{before}KEY{after}".encode()
    assert around(data, len(before.encode()), len(before.encode()) + 3, is_issued=False)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("here is my key for testing: ", ""),
        ("run the tests with ", ""),
        ("curl -H 'Authorization: Bearer ", "' https://api.shop.io/a http://localhost/b"),
        ("generated for tests\n", ""),
    ],
)
def test_words_around_that_do_not(before, after):
    data = f"{before}KEY{after}".encode()
    assert not around(data, len(before.encode()), len(before.encode()) + 3, is_issued=False)


def test_what_an_issuer_gave_out_is_not_a_tests_by_where_it_is_sent():
    data = b"curl -H 'x-api-key: KEY' http://localhost:4000"
    assert not around(data, 20, 23, is_issued=True)
