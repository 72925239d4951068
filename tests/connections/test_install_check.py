"""Whether a page has the tag installed right, by what its server sends."""

from __future__ import annotations

import pytest

from pitcairn.connections.install_check import check_page, check_tag, installed_on

URL = "https://www.acme.example/page"
SHIM = '<script src="/shim.js" data-pitcairn-host="https://pitcairn.example/" data-write-key="key-1"></script>'
INLINE = '<script data-pitcairn-host="https://pitcairn.example" data-write-key="key-1">let a = 1</script>'
PLAIN = '<script src="https://pitcairn.example/tag/key-1.js"></script>'
STYLE = '<link rel="stylesheet" href="/style.css">'
ANALYTICS = '<script>analytics.load("key-1")</script>'


def wrong(head: str, body: str = "", **headers: str) -> list[tuple[str, str]]:
    html = f"<!doctype html><html><head><title>x</title>{head}</head><body>{body}</body></html>"
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return [(one.what, one.said) for one in check_page(URL, html, given, {"key-1"}) if not one.ok]


@pytest.mark.parametrize("tag", [SHIM, INLINE, PLAIN], ids=["shim", "inline", "plain"])
def test_installed_right(tag: str) -> None:
    assert wrong(tag + STYLE + ANALYTICS) == []
    installed = installed_on(URL, tag)
    assert installed is not None
    assert installed.tag_url == "https://pitcairn.example/tag/key-1.js"


@pytest.mark.parametrize(
    ("head", "body", "what", "said"),
    [
        (STYLE, "", "installed", "neither the shim nor the tag"),
        (STYLE + SHIM, "", "place", "hold it up"),
        (ANALYTICS + SHIM, "", "place", "analytics.js stands before it"),
        ("", SHIM, "place", "in the body"),
        (PLAIN.replace("<script", "<script async"), "", "place", "It has async"),
        (SHIM.replace("key-1", "key-2"), "", "write key", "No enabled website has the write key 'key-2'"),
        (
            f"<meta http-equiv=Content-Security-Policy content=\"script-src 'self'\">{SHIM}", "", "policy",
            "does not allow https://pitcairn.example in script-src",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said(head: str, body: str, what: str, said: str) -> None:
    ((found, text),) = wrong(head, body)
    assert found == what
    assert said in text


@pytest.mark.parametrize(
    ("policy", "refused"),
    [
        ("default-src 'self'", ["script-src", "connect-src"]),
        ("default-src 'self' https://pitcairn.example", []),
        ("script-src https://pitcairn.example; connect-src 'none'", ["connect-src"]),
        ("script-src 'nonce-abc'; connect-src https:", []),
        ("script-src *.example; connect-src http://pitcairn.example", ["connect-src"]),
        ("img-src 'self'", []),
    ],
)
def test_policies_that_refuse_it(policy: str, refused: list[str]) -> None:
    found = wrong(SHIM, content_security_policy=policy)
    assert [said.partition(" in ")[2].partition(".")[0] for _, said in found] == refused


@pytest.mark.parametrize(
    ("types", "right"),
    [
        ("", True),
        ("; trusted-types *", True),
        ("; trusted-types dompurify pitcairn", True),
        ("; trusted-types next", False),
    ],
)
def test_trusted_types_that_leave_it_out(types: str, right: bool) -> None:
    found = wrong(SHIM, content_security_policy=f"require-trusted-types-for 'script'{types}")
    assert [said for _, said in found if "trusted-types" in said] == ([] if right else [found[0][1]])
    assert wrong(SHIM, content_security_policy="trusted-types next") == []


def test_under_the_websites_own_domain_a_path_is_enough() -> None:
    own = SHIM.replace("https://pitcairn.example/", "/pitcairn")
    assert wrong(own, content_security_policy="default-src 'self'") == []
    installed = installed_on(URL, own)
    assert installed is not None
    assert installed.tag_url == "https://www.acme.example/pitcairn/tag/key-1.js"


def test_whether_the_tag_answers() -> None:
    installed = installed_on(URL, SHIM)
    assert installed is not None
    assert check_tag(installed, 200, "text/javascript; charset=utf-8").ok
    assert "it answered 404" in check_tag(installed, 404, "application/json").said
    assert "No answer within" in check_tag(installed, 0, "", "No answer within 15 s.").said
