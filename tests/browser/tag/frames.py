"""What a visitor saw, frame by frame."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from playwright.sync_api import CDPSession, Page

# In every frame twice: in its animation callback, just before it is painted, and in the first task after it.
_RECORDER = """
(() => {
  const seen = (window.seenInFrames = []);
  const look = (when) => {
    const element = document.querySelector(SELECTOR);
    const visible = !!element && element.checkVisibility({ visibilityProperty: true, opacityProperty: true });
    seen.push({ when, at: performance.now(), there: !!element, visible, text: visible ? element.innerText : "" });
  };
  const channel = new MessageChannel();
  channel.port1.onmessage = () => look("after");
  const frame = () => {
    look("before");
    channel.port2.postMessage(0);
    requestAnimationFrame(frame);
  };
  requestAnimationFrame(frame);
})();
"""


@dataclass(frozen=True)
class Frame:
    when: str
    at: float
    """ms since the page began."""
    there: bool
    visible: bool
    text: str


def record(page: Page, selector: str = "h1") -> None:
    """From the next page on, notes in every frame whether the element is there and visible, and what it then says."""
    page.add_init_script(_RECORDER.replace("SELECTOR", repr(selector)))


def recorded(page: Page) -> list[Frame]:
    """The frames until now, after two more have passed."""
    page.evaluate("new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")
    return [Frame(**frame) for frame in page.evaluate("seenInFrames")]


class Screencast:
    """The frames that the compositor made, as pictures."""

    def __init__(self, page: Page) -> None:
        self._page = page
        self._pictures: list[str] = []
        self._session: CDPSession = page.context.new_cdp_session(page)
        self._session.on("Page.screencastFrame", self._keep)
        self._session.send("Page.startScreencast", {"format": "png", "everyNthFrame": 1})

    def _keep(self, event: dict[str, Any]) -> None:
        self._pictures.append(event["data"])
        self._session.send("Page.screencastFrameAck", {"sessionId": event["sessionId"]})

    def __len__(self) -> int:
        return len(self._pictures)

    def pixels(self, red: int, green: int, blue: int) -> list[int]:
        """How many pixels of this colour each picture has, in order."""
        decoder = self._page.context.new_page()
        counts: list[int] = decoder.evaluate(
            """async ([pictures, colour]) => {
                const counts = [];
                for (const picture of pictures) {
                    const response = await fetch("data:image/png;base64," + picture);
                    const bitmap = await createImageBitmap(await response.blob());
                    const context = new OffscreenCanvas(bitmap.width, bitmap.height).getContext("2d");
                    context.drawImage(bitmap, 0, 0);
                    const { data } = context.getImageData(0, 0, bitmap.width, bitmap.height);
                    let count = 0;
                    for (let i = 0; i < data.length; i += 4)
                        if (colour.every((value, j) => Math.abs(data[i + j] - value) < 24)) count++;
                    counts.push(count);
                }
                return counts;
            }""",
            [self._pictures, [red, green, blue]],
        )
        decoder.close()
        return counts
