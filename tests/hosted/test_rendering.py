"""A page as HTML: what its texts say of a recipient, and what no value can make of it."""

from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pitcairn.hosted import theme
from pitcairn.hosted.addresses import image_problem, is_web_address, link_problem, written_link
from pitcairn.hosted.content import Content, Theme
from pitcairn.hosted.rendering import Assets, CompiledPage, Counting
from pitcairn.hosted.tokens import is_token, new_token, reference

ASSETS = Assets(style="page.css", theme="theme.css", script="hosted.js")
COUNTING = Counting(
    write_key='key"', page_id=7, name="<Name>", link="abc", path="/p/x", asks_consent=True, honours_gpc=False
)
EVERY_BLOCK = (
    {"type": "quote", "text": "So it was", "author": "Maria", "role": "Head"},
    {"type": "hero", "eyebrow": "{{ account.name }}", "title": "One", "text": "A\nb\n\nc", "button_label": "Go", "button_url": "https://a.example"},
    {"type": "text", "title": "Two", "text": "Text"},
    {"type": "points", "title": "Three", "items": "First | why\nSecond\n| only text"},
    {"type": "figures", "items": "38 % | less"},
    {"type": "image", "url": "https://img.example:8443/a.png", "alt": 'What "it" shows', "caption": "Under it"},
    {"type": "action", "title": "Four", "button_label": "Mail", "button_url": "mailto:a@b.example"},
)  # fmt: skip


def html_of(*blocks: dict[str, str], values: dict[str, str] | None = None, **fields: object) -> str:
    page = CompiledPage(Content(name="Page", blocks=blocks, **fields))  # type: ignore[arg-type]
    return page.html(values or {}, assets=ASSETS)


def test_every_block_has_its_place_and_one_heading_is_the_pages() -> None:
    html = html_of(*EVERY_BLOCK, values={"account.name": "Acorn"}, theme=Theme(brand="Waybill", footer="Us\nHere"))
    assert re.findall(r"<h1>(.*?)</h1>", html) == ["One"]
    assert re.findall(r"<h2>(.*?)</h2>", html) == ["Two", "Three", "Four"]
    assert re.findall(r'class="block (\w+)"', html) == [block["type"] for block in EVERY_BLOCK]
    assert '<p class="eyebrow">Acorn</p>' in html
    assert "<p>A<br>b</p><p>c</p>" in html
    assert (
        "<li><strong>First</strong><span>why</span></li><li><strong>Second</strong></li><li><span>only text</span></li>"
        in html
    )
    assert "<dt>less</dt><dd>38 %</dd>" in html
    assert 'alt="What &quot;it&quot; shows"' in html
    assert 'href="mailto:a@b.example"' in html
    assert "<title>One</title>" in html
    assert "<p>Us<br>Here</p>" in html
    assert "<script" not in html


def test_images_are_allowed_from_where_they_are() -> None:
    page = CompiledPage(
        Content(name="Page", blocks=EVERY_BLOCK, theme=Theme(logo="https://acme.example/l.svg", brand="A"))
    )
    assert page.image_origins == ["https://acme.example", "https://img.example:8443"]


def test_the_script_is_told_what_it_needs_and_nothing_breaks_out_of_it() -> None:
    html = CompiledPage(Content(name="Page")).html({}, assets=ASSETS, counting=COUNTING)
    assert 'data-write-key="key&quot;"' in html
    assert 'data-name="&lt;Name&gt;"' in html
    assert " data-asks-consent>" in html
    assert "data-honours-gpc" not in html


@given(value=st.text(st.characters(exclude_categories=("Cc", "Cs", "Zl", "Zp")), max_size=60))
def test_no_value_becomes_markup(value: str) -> None:
    token = "{{ traits.x }}"
    blocks = (
        {"type": "hero", "eyebrow": token, "title": token, "text": token, "button_label": token, "button_url": f"https://a.example/?{token}"},
        {"type": "points", "items": f"{token} | {token}"},
        {"type": "quote", "text": token, "author": token, "role": token},
        {"type": "image", "url": "https://a.example/i.png", "alt": token, "caption": token},
    )  # fmt: skip
    fields = {"title": token, "description": token, "theme": Theme(footer=token)}
    said = html_of(*blocks, values={"traits.x": value}, **fields)
    plain = html_of(*blocks, values={"traits.x": "x"}, **fields)

    def tags(html: str) -> list[str]:
        return [re.sub(r'(href|alt|content)="[^"]*"', "", tag) for tag in re.findall(r"<[^>]*>", html)]

    # A value of nothing leaves out elements that would be empty; none adds or changes one.
    assert set(tags(said)) <= set(tags(plain))
    for address in re.findall(r'<a class="button" href="(.*?)"', said):
        assert re.fullmatch(r"https://a\.example/\?[^\s\"'<>]*", address)


@pytest.mark.parametrize(
    ("address", "good"),
    [
        ("https://www.example.com/demo?x=1#y", True),
        ("http://localhost:8000", True),
        ("mailto:sales@example.com?subject=Hello", True),
        ("https://a.example/{{ account.name }}", True),
        ("https://a.example?c={{ account.name }}", True),
        ("mailto:a@b.example?subject={{ traits.first_name }}", True),
        ("https://{{ account.domain }}/", False),
        ("https://a.example{{ account.domain }}", False),
        ("{{ account.url }}", False),
        ("mailto:{{ traits.email }}", False),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        ("java\tscript:alert(1)", False),
        ("data:text/html,x", False),
        ("//evil.example", False),
        ("/relative", False),
        ("https://user:password@a.example", False),
        ("https:\\\\a.example", False),
        ("https://a.example:99999", False),
        ("https://", False),
        ("mailto:", False),
        ("ftp://a.example", False),
    ],
)
def test_links(address: str, good: bool) -> None:
    assert (link_problem(address) == "") is good


def test_images_have_one_address_for_all() -> None:
    assert image_problem("https://a.example/i.png") == ""
    assert "without tokens" in image_problem("https://a.example/{{ account.id }}.png")
    assert image_problem("data:image/png;base64,AA")


@given(value=st.text(max_size=80))
def test_no_value_leads_to_another_host(value: str) -> None:
    source = "https://a.example/{{ x }}"
    written = written_link(f"https://a.example/{value}", source)
    assert written is None or (written.startswith("https://a.example/") and is_web_address(written))


@given(accent=st.integers(0, 0xFFFFFF))
def test_every_accent_can_be_read(accent: int) -> None:
    css = theme.stylesheet(f"{accent:06x}-serif.css")
    assert css is not None
    colours = {
        name: [_rgb(one) for one in re.findall(r"#[0-9a-f]{6}", text)]
        for name, text in re.findall(r"--([\w-]+): ([^;]*);", css)
    }
    light, dark = colours["accent"]
    assert theme.contrast(light, (255, 255, 255)) >= 4.5
    assert theme.contrast(dark, (20, 22, 21)) >= 4.5
    assert theme.contrast(colours["button"][0], colours["on-button"][0]) >= 4.5


def _rgb(text: str) -> tuple[int, int, int]:
    return int(text[1:3], 16), int(text[3:5], 16), int(text[5:7], 16)


@pytest.mark.parametrize("name", ["0b6e5f-comic.css", "0b6e5-sans.css", "0b6e5f-sans", "0b6e5f;}-sans.css", ""])
def test_what_names_no_theme(name: str) -> None:
    assert theme.stylesheet(name) is None


def test_tokens() -> None:
    made = {new_token() for _ in range(1_000)}
    assert len(made) == 1_000
    assert all(is_token(one) for one in made)
    assert not is_token("short")
    assert not is_token("A" * 23 + "'")
    one = new_token()
    assert reference(one) == reference(one) != reference(new_token())
    assert one not in reference(one)
