"""Finding elements: by what will last, again after a redesign; under Trusted Types; at other widths; for everybody to use."""

from __future__ import annotations

import json
from collections.abc import Callable

from playwright.sync_api import Page, expect

from browser.conftest import Complaints
from browser.editor.editing import Demo, Redesign, make_experience, open_editor

TOKEN = '{{ account.name | default: "your team" }}'


def test_an_element_is_found_again_after_a_redesign(page: Page, demo: Demo, redesign: Redesign) -> None:
    experience = make_experience(page, demo, "Redesign")
    panel = open_editor(page, demo, experience, site=redesign.url)
    page.locator("#note").click()
    panel.get_by_role("textbox", name="Text").fill("Free for up to 20 people.")
    expect(panel.get_by_role("list").last).to_contain_text("1 element")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")

    # Another name, another tag, another place, and nearly the same words.
    redesign.changes = [
        ('<p class="note" id="note">Single sign-on, audit log and a named contact included.</p>', ""),
        (
            '<figure class="plan"',
            '<div class="css-1x2y3z9">Single sign-on, audit log, and a named contact</div><figure class="plan"',
        ),
    ]
    page.reload()
    expect(panel).to_contain_text("found again by what it was like")
    expect(page.locator(".css-1x2y3z9")).to_contain_text("Single sign-on")
    panel.get_by_role("button", name="Accept").click()
    expect(page.locator(".css-1x2y3z9")).to_contain_text("Free for up to 20 people.")
    used = panel.get_by_label("Selector").input_value()
    assert "css-1x2y3z9" not in used, f"{used} rests on a name that a build made"
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")
    page.reload()
    expect(page.locator(".css-1x2y3z9")).to_contain_text("Free for up to 20 people.")


def test_ways_to_find_it_and_what_else_can_be_changed(page: Page, demo: Demo, redesign: Redesign) -> None:
    """Attributes and HTML; how sure each selector is and how many it finds; another is used when the first finds nothing."""
    experience = make_experience(page, demo, "Ways", f"{redesign.url}/")
    panel = open_editor(page, demo, experience, site=redesign.url)
    page.locator("#note").click()
    selector = panel.get_by_label("Selector")
    selector.fill("main p")
    expect(panel.get_by_role("status").first).to_contain_text("elements")
    selector.fill("main > .nowhere")
    expect(panel.get_by_role("status").first).to_contain_text("Not found: no element of this page matches.")
    selector.fill("#note")
    expect(panel.get_by_role("status").first).to_contain_text("Sure: matches 1 element")
    panel.get_by_text("Attributes", exact=True).click()
    panel.get_by_label("Name", exact=True).fill("onclick")
    panel.get_by_role("button", name="Set attribute").click()
    expect(panel.get_by_text("is no attribute that can be changed")).to_be_visible()
    panel.get_by_label("Name", exact=True).fill("title")
    panel.get_by_label("Value", exact=True).fill("All included")
    panel.get_by_role("button", name="Set attribute").click()
    expect(page.locator("#note")).to_have_attribute("title", "All included")
    page.locator("#how").click(position={"x": 2, "y": 2})
    panel.get_by_text("Content as HTML").click()
    panel.get_by_label("HTML", exact=True).fill("<p>Made <script>alert(1)</script><b>anew</b></p>")
    panel.get_by_role("button", name="Set content").click()
    expect(page.locator("#how")).to_have_text("Made anew", use_inner_text=True)
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_contain_text("script")
    panel.get_by_role("button", name="Undo", exact=True).click()
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")

    redesign.changes = [('<p class="note" id="note">', '<p class="note">')]
    page.reload()
    expect(panel).to_contain_text("1 element, by another selector than the first")
    expect(page.locator(".note")).to_have_attribute("title", "All included")


def test_an_element_that_is_gone_is_said_to_be(page: Page, demo: Demo, redesign: Redesign) -> None:
    experience = make_experience(page, demo, "Gone")
    panel = open_editor(page, demo, experience, site=redesign.url)
    page.locator("#note").click()
    panel.get_by_role("textbox", name="Text").fill("Free")
    redesign.changes = [('<p class="note" id="note">Single sign-on, audit log and a named contact included.</p>', "")]
    page.reload()
    expect(panel).to_contain_text("What was not saved the last time is here again")
    expect(panel).to_contain_text("No element of this page is found for it")


def test_under_trusted_types_and_for_everybody(
    page: Page, demo: Demo, redesign: Redesign, complaints: Complaints, violations: Callable[[Page], list[str]]
) -> None:
    experience = make_experience(page, demo, "Strict")
    # Without what does not know Trusted Types itself, such as analytics.js.
    redesign.changes = [
        ('<script src="/built/analytics.js" defer></script>', ""),
        ('<script src="/site.js" defer></script>', ""),
    ]
    redesign.policy = "; require-trusted-types-for 'script'; trusted-types pitcairn"
    panel = open_editor(page, demo, experience, site=redesign.url)
    page.locator("#lead").click()
    panel.get_by_role("textbox", name="Text").fill("In bold")
    panel.get_by_role("textbox", name="Text").press("ControlOrMeta+a")
    panel.get_by_role("button", name="Bold", exact=True).click()
    expect(page.locator("#lead b")).to_have_text("In bold")
    page.locator("#headline").click()
    page.locator("#lead").click()
    expect(panel.get_by_role("textbox", name="Text").locator("b")).to_have_text("In bold")
    closed = panel.locator("details:not([open]) > summary")
    while closed.count():
        closed.first.click()
    found = [one for one in violations(page) if "pitcairn-editor" in one or "panel" in one]
    assert not found, "\n".join(found)
    assert not complaints, complaints


def test_another_width_where_frames_are_refused(page: Page, demo: Demo) -> None:
    """The demo's policy says frame-ancestors 'none', as many do."""
    experience = make_experience(page, demo, "Narrow")
    panel = open_editor(page, demo, experience)
    panel.get_by_label("Width of the page").select_option("360")
    expect(page.get_by_text("does not let its pages stand in frames")).to_be_visible()
    with page.expect_popup() as opened:
        page.get_by_role("button", name="Open a window 360 px wide").click()
    narrow = opened.value
    expect(narrow.get_by_role("region", name="Pitcairn editor")).to_be_visible()


def test_another_width_in_a_frame(page: Page, demo: Demo, redesign: Redesign) -> None:
    experience = make_experience(page, demo, "Framed")
    redesign.policy = "; frame-src 'self'"
    redesign.refuses_frames = False
    panel = open_editor(page, demo, experience, site=redesign.url)
    page.locator("#headline").click()
    panel.get_by_role("textbox", name="Text").fill("Wide")
    panel.get_by_label("Width of the page").select_option("360")
    frame = page.frame_locator("iframe[title^='This page']")
    inner = frame.get_by_role("region", name="Pitcairn editor")
    expect(frame.locator("#headline")).to_have_text("Wide")
    assert frame.locator("html").evaluate("() => innerWidth") == 360
    frame.locator("#headline").click()
    inner.get_by_role("textbox", name="Text").fill("Narrow")
    expect(frame.locator("#headline")).to_have_text("Narrow")
    page.get_by_role("button", name="Back to this window").click()
    expect(page.locator("#headline")).to_have_text("Narrow")


def test_a_trait_in_a_text_reaches_its_visitor_escaped(page: Page, demo: Demo) -> None:
    page.goto(f"{demo.server.url}/settings/")
    page.get_by_label("Public traits").fill("account.name\ntraits.company.name")
    page.get_by_role("button", name="Save public traits").click()
    experience = make_experience(page, demo, "Said", "/pricing.html")
    panel = open_editor(page, demo, experience, "/pricing.html")
    page.locator("h1").first.click()
    panel.get_by_role("textbox", name="Text").fill("Prices for ")
    panel.get_by_text("Insert a trait").click()
    panel.get_by_label("Trait", exact=True).select_option("traits.company.name")
    panel.get_by_label("If it is not known").fill("your team")
    panel.get_by_role("button", name="Insert", exact=True).first.click()
    panel.get_by_role("textbox", name="Text").press("ControlOrMeta+a")
    panel.get_by_role("button", name="Bold", exact=True).click()
    expect(page.locator("h1").first).to_contain_text("your team")
    panel.get_by_role("button", name="Save", exact=True).click()
    expect(panel.get_by_role("status").last).to_have_text("Saved.")
    page.goto(experience)
    page.get_by_role("button", name="Start").click()
    expect(page.get_by_role("status")).to_contain_text("is live")

    (source,) = demo.server.run("source", "list", "--workspace", "Demo")["sources"]
    attack = "<img src=x onerror='document.title = 1'>"
    for visitor, traits in (
        ("nobody-knows-me", {}),
        ("from-harbour", {"company": {"name": f"Harbour & Sons {attack}"}}),
    ):
        if traits:
            message = {"writeKey": source["writeKey"], "anonymousId": visitor, "userId": visitor, "traits": traits}
            demo.server.send("/v1/identify", message, source=None)
            demo.server.settle()
        question = {"writeKey": source["writeKey"], "anonymousId": visitor, "url": f"{demo.site}/pricing.html"}
        body = json.loads(demo.server.post("/v1/decide", question, source=None).body)
        (told,) = [one for one in body["decisions"] if one["experience"]["name"] == "Said"]
        (change,) = told["changes"]
        if traits:
            assert "Harbour &amp; Sons &lt;img" in change["value"]
            assert attack not in change["value"]
        else:
            assert "your team" in change["value"]
        assert "{{" not in change["value"]
        assert "look" not in change
