"""Hosted pages saved, brought from state to state, and their versions."""

from __future__ import annotations

import pytest

from hosted.making import HERO, content, live_page
from pages import source
from pitcairn.connections.services import set_source_enabled
from pitcairn.hosted import services
from pitcairn.hosted.comparison import differences
from pitcairn.hosted.content import MAX_BLOCKS, Content, HostedError, OutdatedError, Theme, read_content
from pitcairn.hosted.models import HostedPage, HostedState, HostedVersion
from pitcairn.hosted.queries import page_names, page_versions, said_traits
from pitcairn.workspaces.models import Workspace
from pitcairn.workspaces.services import set_public_traits

pytestmark = pytest.mark.django_db


def refused(error: pytest.ExceptionInfo[HostedError]) -> dict[str, str]:
    return {one.path: one.text for one in error.value.problems}


def test_a_draft_may_be_half_done_and_a_live_page_not(workspace: Workspace) -> None:
    page = services.save_page(workspace.id, Content(name=" Half "), slug="half")
    assert (page.name, page.state, page.version) == ("Half", HostedState.DRAFT, 1)
    with pytest.raises(HostedError) as error:
        services.start_page(workspace.id, page.id)
    assert set(refused(error)) == {"blocks", "source"}
    blocks = ({"type": "hero", "button_label": "Go"}, {"type": "action", "title": "Now"})
    services.save_page(workspace.id, content("Half", *blocks), slug="half", page_id=page.id, base_version=1)
    with pytest.raises(HostedError) as error:
        services.start_page(workspace.id, page.id)
    assert set(refused(error)) == {
        "source", "blocks[0].title", "blocks[0].button_url", "blocks[1].button_label", "blocks[1].button_url",
    }  # fmt: skip
    website = source(workspace)
    saved = services.save_page(
        workspace.id, content("Half"), slug="half", source_id=website.id, page_id=page.id, base_version=2, start=True
    )
    assert (saved.state, saved.version) == (HostedState.LIVE, 3)
    with pytest.raises(HostedError) as error:
        services.save_page(workspace.id, Content(name="Half"), slug="half", page_id=page.id, base_version=3)
    assert set(refused(error)) == {"blocks"}
    assert read_content(HostedPage.objects.get(id=page.id).content).blocks == [HERO]


@pytest.mark.parametrize(
    ("given", "path"),
    [
        (Content(name=" "), "name"),
        (Content(name="x" * 121), "name"),
        (content("A", {"type": "film"}), "blocks[0].type"),
        (Content(name="A", blocks=({},)), "blocks[0].type"),
        (Content(name="A", blocks=({"type": "hero", "title": 7},)), "blocks[0].title"),
        (content("A", {"type": "hero", "colour": "red"}), "blocks[0].colour"),
        (content("A", {"type": "hero", "title": "x" * 161}), "blocks[0].title"),
        (content("A", {"type": "hero", "title": "a\nb"}), "blocks[0].title"),
        (content("A", {"type": "hero", "title": "a\x00b"}), "blocks[0].title"),
        (content("A", {"type": "text", "text": "{{ secrets.key }}"}), "blocks[0].text"),
        (content("A", {"type": "text", "text": "{% for a in b %}"}), "blocks[0].text"),
        (content("A", {"type": "text", "text": "{{ traits.a | evil }}"}), "blocks[0].text"),
        (content("A", {"type": "points", "items": "a\n" * 13}), "blocks[0].items"),
        (content("A", {"type": "action", "title": "T", "button_url": "javascript:alert(1)"}), "blocks[0].button_url"),
        (content("A", {"type": "image", "url": "https://a.example/{{ account.a }}"}), "blocks[0].url"),
        (content("A", *[HERO] * (MAX_BLOCKS + 1)), "blocks"),
        (content("A", theme=Theme(accent="red")), "theme.accent"),
        (content("A", theme=Theme(font="Comic Sans")), "theme.font"),
        (content("A", theme=Theme(scheme="sepia")), "theme.scheme"),
        (content("A", theme=Theme(logo="https://a.example/l.svg")), "theme.brand"),
        (content("A", theme=Theme(home="javascript:alert(1)")), "theme.home"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_what_is_wrong_is_told_with_its_place(workspace: Workspace, given: Content, path: str) -> None:
    with pytest.raises(HostedError) as error:
        services.save_page(workspace.id, given, slug="page")
    assert path in refused(error)
    assert not HostedPage.objects.exists()


@pytest.mark.parametrize("slug", ["", "-", "-a", "A", "a b", "a/b", "x" * 61, "ü"])
def test_addresses_that_are_none(workspace: Workspace, slug: str) -> None:
    with pytest.raises(HostedError) as error:
        services.save_page(workspace.id, content(), slug=slug)
    assert set(refused(error)) == {"slug"}


def test_names_and_addresses_are_one_of_a_kind(workspace: Workspace) -> None:
    live_page(workspace)
    other = Workspace.objects.create(name="Other")
    with pytest.raises(HostedError) as error:
        services.save_page(workspace.id, content(), slug="for-you")
    assert set(refused(error)) == {"name", "slug"}
    with pytest.raises(HostedError) as error:
        services.save_page(other.id, content(), slug="for-you")
    assert set(refused(error)) == {"slug"}
    assert services.save_page(other.id, content(), slug="for-you-too").name == "For you"


def test_an_address_stays_once_links_may_have_been_sent(workspace: Workspace) -> None:
    page = live_page(workspace)
    with pytest.raises(HostedError) as error:
        services.save_page(workspace.id, content(), slug="elsewhere", page_id=page.id, base_version=1)
    assert "/p/for-you" in refused(error)["slug"]


def test_only_an_enabled_website_of_the_workspace_counts(workspace: Workspace) -> None:
    other = Workspace.objects.create(name="Other")
    switched_off = source(workspace, "Off")
    set_source_enabled(workspace_id=workspace.id, source_id=switched_off.id, enabled=False)
    for source_id in (source(other).id, source(workspace, "App", "mobile").id, switched_off.id, 10**9):
        with pytest.raises(HostedError) as error:
            services.save_page(workspace.id, content(), slug="page", source_id=source_id)
        assert set(refused(error)) == {"source"}


def test_the_later_of_two_saves_is_told(workspace: Workspace) -> None:
    page = live_page(workspace)
    services.save_page(
        workspace.id, content("Mine"), slug="for-you", page_id=page.id, base_version=1, by="a@acme.example"
    )
    with pytest.raises(OutdatedError, match=r"saved by a@acme\.example in the meantime"):
        services.save_page(workspace.id, content("Theirs"), slug="for-you", page_id=page.id, base_version=1)
    with pytest.raises(HostedError, match="say which version"):
        services.save_page(workspace.id, content("Theirs"), slug="for-you", page_id=page.id)
    assert HostedPage.objects.get(id=page.id).name == "Mine"


def test_versions_are_kept_compared_and_brought_back(workspace: Workspace) -> None:
    page = live_page(workspace)
    changed = content("New name", {"type": "text", "text": "Two"}, theme=Theme(accent="#112233"))
    services.save_page(workspace.id, changed, slug="for-you", page_id=page.id, base_version=1, by="a@acme.example")
    same = services.save_page(workspace.id, changed, slug="for-you", page_id=page.id, base_version=2)
    assert same.version == 2
    second, first = page_versions(page.id)
    found = {one.where: (one.before, one.after) for one in differences(first.content, second.content)}
    assert found["Name"] == (("For you",), ("New name",))
    assert found["Accent colour"] == (("#0b6e5f",), ("#112233",))
    assert found["Block 1"] == (("Opening", f"Heading: {HERO['title']}"), ("Text", "Text: Two"))
    restored = services.restore_version(workspace.id, page.id, 1, base_version=2, by="b@acme.example")
    assert (restored.version, restored.name) == (3, "For you")
    newest = page_versions(page.id)[0]
    assert (newest.restores, newest.made_by, newest.content) == (1, "b@acme.example", first.content)
    assert page_names(page.id) == ["For you", "New name"]
    with pytest.raises(HostedError, match="has no version 9"):
        services.restore_version(workspace.id, page.id, 9, base_version=3)
    assert HostedVersion.objects.filter(page=page).count() == 3


def test_a_copy_is_a_draft_with_an_address_of_its_own(workspace: Workspace) -> None:
    page = live_page(workspace)
    copies = [services.duplicate_page(workspace.id, page.id) for _ in range(2)]
    assert [(one.name, one.slug, one.state) for one in copies] == [
        ("For you (copy)", "for-you-2", HostedState.DRAFT),
        ("For you (copy 2)", "for-you-3", HostedState.DRAFT),
    ]
    assert copies[0].source_id == page.source_id
    assert read_content(copies[0].content).blocks == [HERO]


def test_the_way_to_the_archive(workspace: Workspace) -> None:
    page = live_page(workspace)
    with pytest.raises(HostedError, match="archive it instead"):
        services.delete_draft(workspace.id, page.id)
    services.archive_page(workspace.id, page.id)
    for act in (services.start_page, services.archive_page):
        with pytest.raises(HostedError, match="is archived and stays as it was"):
            act(workspace.id, page.id)
    draft = services.duplicate_page(workspace.id, page.id)
    with pytest.raises(HostedError, match="delete it instead"):
        services.archive_page(workspace.id, draft.id)
    services.delete_draft(workspace.id, draft.id)
    assert not HostedPage.objects.filter(id=draft.id).exists()


def test_another_workspace_finds_nothing(workspace: Workspace) -> None:
    page = live_page(workspace)
    other = Workspace.objects.create(name="Other")
    for act in (services.start_page, services.archive_page, services.delete_draft, services.duplicate_page):
        with pytest.raises(HostedError, match="there is no hosted page"):
            act(other.id, page.id)


def test_the_traits_that_a_page_says(workspace: Workspace) -> None:
    said = content("A", HERO, {"type": "points", "items": "{{ account.name }} | {{ traits.company.size }}"})
    set_public_traits(workspace.id, ["account.name"])
    everything = ["account.name", "traits.company.size", "traits.first_name"]
    assert said_traits(workspace.id, said) == (everything, ["traits.company.size", "traits.first_name"])
