"""The dashboard's pages of hosted pages, as a browser without script sends and sees them."""

from __future__ import annotations

import re
from typing import Any

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from hosted.making import HERO, live_page
from pages import person, source, text
from pitcairn.eventstore import EventStore
from pitcairn.hosted.content import read_content
from pitcairn.hosted.models import HostedLink, HostedPage
from pitcairn.workspaces.models import Workspace

pytestmark = pytest.mark.django_db(databases="__all__")

FORM = {
    "name": "For you",
    "slug": "for-you",
    "theme-accent": "#0B6E5F",
    "theme-font": "sans",
    "theme-scheme": "auto",
    "blocks-0-type": "hero",
    "blocks-0-title": HERO["title"],
    "blocks-0-text": "One\r\n\r\nTwo ",
    "blocks-1-type": "text",
    "blocks-1-text": "Last",
}


def kinds(response: Any) -> list[str]:
    return re.findall(r'name="blocks-\d+-type" value="(\w+)"', response.content.decode())


def focused(response: Any) -> str:
    found = re.findall(r'id="([\w-]+)"[^>]* autofocus', response.content.decode())
    return found[0] if found else ""


def beside(response: Any, field: str) -> str:
    found = re.search(rf'id="{field}-error">(.*?)</', response.content.decode())
    return found[1] if found else ""


def test_a_page_is_made_and_put_live(client: Client, workspace: Workspace, store: EventStore) -> None:
    assert "No hosted page yet" in text(client.get("/hosted-pages/"))
    website = source(workspace)
    new = client.get("/hosted-pages/new/")
    assert kinds(new) == ["hero", "points", "action"]
    assert f'value="{website.id}" selected' in new.content.decode()
    response = client.post("/hosted-pages/new/", {**FORM, "source": str(website.id), "do": "start"})
    page = HostedPage.objects.get(workspace=workspace)
    assert response.headers["Location"] == f"/hosted-pages/{page.id}/"
    content = read_content(page.content)
    assert content.blocks[0] == {"type": "hero", "title": HERO["title"], "text": "One\n\nTwo"}
    assert content.theme.accent == "#0b6e5f"
    assert "For you /p/for-you Live 0 0 0" in text(client.get("/hosted-pages/"))
    shown = client.get(f"/hosted-pages/{page.id}/")
    assert "The page says traits.first_name , which is not marked as public" in text(shown)
    edit = client.get(f"/hosted-pages/{page.id}/edit/")
    assert "readonly" in edit.content.decode()
    client.post(f"/hosted-pages/{page.id}/edit/", {**FORM, "source": str(website.id), "name": "Anew", "version": "1"})
    late = client.post(f"/hosted-pages/{page.id}/edit/", {**FORM, "source": str(website.id), "version": "1"})
    assert late.status_code == 422
    assert "in the meantime" in text(late)
    assert 'value="For you"' in late.content.decode()
    versions = text(client.get(f"/hosted-pages/{page.id}/versions/"))
    assert "Version 2" in versions
    client.post(f"/hosted-pages/{page.id}/versions/1/restore/", {"version": "2"})
    assert HostedPage.objects.get(id=page.id).name == "For you"


def test_blocks_are_added_moved_copied_and_removed(client: Client) -> None:
    def do(action: str) -> Any:
        return client.post("/hosted-pages/new/", {**FORM, "do": action})

    added = do("add quote")
    assert (kinds(added), focused(added)) == (["hero", "text", "quote"], "blocks-2-text")
    down = do("down 0")
    assert (kinds(down), focused(down)) == (["text", "hero"], "blocks-1-up")
    assert kinds(do("up 1")) == ["text", "hero"]
    copied = do("copy 0")
    assert (kinds(copied), focused(copied)) == (["hero", "hero", "text"], "blocks-1-eyebrow")
    removed = do("remove 0")
    assert (kinds(removed), focused(removed)) == (["text"], "blocks-0-remove")
    for nothing in ("remove 9", "up x", "add film", "dance"):
        assert kinds(do(nothing)) == ["hero", "text"]
    assert not HostedPage.objects.exists()


def test_what_is_wrong_stands_beside_its_field(client: Client) -> None:
    wrong = {**FORM, "slug": "No", "theme-accent": "red", "blocks-0-title": "{{ secrets }}", "blocks-0-button_url": "x"}
    response = client.post("/hosted-pages/new/", wrong)
    assert response.status_code == 422
    assert "small letters" in beside(response, "slug")
    assert "#0b6e5f" in beside(response, "theme-accent")
    assert "names no trait" in beside(response, "blocks-0-title")
    assert "whole address" in beside(response, "blocks-0-button_url")
    started = client.post("/hosted-pages/new/", {**FORM, "do": "start"})
    assert "website source" in beside(started, "source")


def test_the_preview_is_as_the_recipient_sees_it_and_runs_nothing(client: Client, workspace: Workspace) -> None:
    page = live_page(workspace)
    traits = {"first_name": "<b>Ada</b>"}
    person(workspace, {"user_id": ["u1"]}, traits, personalization='{"first_name": "<b>Ada</b>"}')
    nobody = client.get(f"/hosted-pages/{page.id}/frame/")
    assert "<h1>Hello you</h1>" in nobody.content.decode()
    ada = client.get(f"/hosted-pages/{page.id}/frame/?as=user_id:u1")
    assert "<h1>Hello &lt;b&gt;Ada&lt;/b&gt;</h1>" in ada.content.decode()
    assert "<script" not in ada.content.decode()
    assert ada.headers["X-Frame-Options"] == "SAMEORIGIN"
    assert ada.headers["Content-Security-Policy"].startswith("sandbox allow-same-origin; default-src 'none'")
    assert client.get(f"/hosted-pages/{page.id}/frame/?as=user_id:u2").status_code == 404
    unknown = client.get(f"/hosted-pages/{page.id}/?as=user_id:u2")
    assert unknown.status_code == 422
    assert "Nobody is known as" in text(unknown)
    typed = client.post("/hosted-pages/as-typed/", {**FORM, "blocks-0-title": "<i>Typed</i>", "blocks-1-text": "{{ x"})
    assert 'srcdoc="&lt;!doctype html&gt;' in typed.content.decode()
    assert "&lt;h1&gt;&amp;lt;i&amp;gt;Typed" in typed.content.decode()


def test_links_are_made_in_three_ways(client: Client, workspace: Workspace, store: EventStore) -> None:
    page = live_page(workspace)
    person(workspace, {"user_id": ["u1"], "email": ["ada@acme.example"]}, {"name": "Ada"})
    person(workspace, {"user_id": ["u2"]})
    address = f"/hosted-pages/{page.id}/links/"
    assert "Make link" in text(client.get(f"{address}?q=u1"))
    assert "Nobody is known" in text(client.get(f"{address}?q=zz"))
    made = client.post(address, {"for": "one", "recipient": "user_id:u1", "days": "7"}, follow=True)
    assert "1 link is made." in text(made)
    assert "Ada" in text(made)
    file = SimpleUploadedFile("list.csv", b"user_id\nu1\nu2\nu3\n")
    made = client.post(address, {"for": "file", "file": file, "days": "0"}, follow=True)
    assert "1 link is made; 1 had one already." in text(made)
    assert "Nobody is known as u3; they have no link." in text(made)
    for given, problem in (
        ({"for": "one", "recipient": "user_id:zz", "days": "0"}, "Nobody is known as"),
        ({"for": "file", "days": "0"}, "Choose a CSV file first."),
        ({"for": "audience", "days": "0"}, "Choose one of the workspace's audiences."),
        ({"for": "one", "recipient": "user_id:u1", "days": "4000"}, "Choose one of the lifetimes."),
        ({"for": "one", "recipient": "user_id:u1"}, "Choose one of the lifetimes."),
    ):
        response = client.post(address, given)
        assert response.status_code == 422
        assert problem in text(response)
    download = client.get(f"/hosted-pages/{page.id}/links.csv")
    assert download.headers["Content-Disposition"] == 'attachment; filename="for-you-links.csv"'
    assert download.content.decode().count("http://testserver/p/for-you/") == 2
    link = HostedLink.objects.filter(page=page).first()
    assert link is not None
    client.post(f"{address}{link.id}/revoke/")
    assert client.post(f"{address}{link.id}/revoke/").status_code == 404
    assert "1 link" in text(client.get(address))
    assert "revoked" in text(client.get(f"{address}?show=ended"))
    assert "switched on" in text(client.get(address)).lower()
    client.post(f"/hosted-pages/{page.id}/general/", {"on": "yes"})
    assert HostedPage.objects.get(id=page.id).general


def test_the_end_of_a_page_asks_for_its_name(client: Client, workspace: Workspace) -> None:
    page = live_page(workspace)
    assert client.post(f"/hosted-pages/{page.id}/archive/", {"name": "for you"}).status_code == 422
    client.post(f"/hosted-pages/{page.id}/archive/", {"name": "For you"})
    assert HostedPage.objects.get(id=page.id).state == "archived"
    assert client.get(f"/hosted-pages/{page.id}/edit/").status_code == 302
    client.post(f"/hosted-pages/{page.id}/duplicate/")
    draft = HostedPage.objects.get(state="draft")
    client.post(f"/hosted-pages/{draft.id}/delete/", {"name": draft.name})
    assert not HostedPage.objects.filter(id=draft.id).exists()


def test_viewers_look_and_another_workspace_finds_nothing(
    viewer_client: Client, client: Client, workspace: Workspace
) -> None:
    page = live_page(workspace)
    seen = viewer_client.get(f"/hosted-pages/{page.id}/links/")
    assert seen.status_code == 200
    assert "Make personal links" not in text(seen)
    assert viewer_client.post(f"/hosted-pages/{page.id}/links/", {"for": "one"}).status_code == 403
    other = live_page(Workspace.objects.create(name="Other"), slug="theirs")
    for path in ("", "edit/", "links/", "links.csv", "versions/", "frame/", "archive/", "delete/"):
        assert client.get(f"/hosted-pages/{other.id}/{path}").status_code == 404, path
