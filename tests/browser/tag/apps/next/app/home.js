"use client";
// The first page of a website of today: rendered on the server, taken over by React in the browser.
import { createElement as h, useEffect, useState } from "react";

export function Home() {
  const [clicks, setClicks] = useState(0);
  const [name, setName] = useState("original");
  const [emphasis, setEmphasis] = useState(true);
  const [shown, setShown] = useState(true);
  useEffect(() => {
    window.app = { setName, setEmphasis, setShown };
    window.hydrated = true;
  }, []);
  return h(
    "section",
    null,
    shown && h("h1", null, "The ", name, " ", emphasis && h("em", null, `headline ${clicks}`)),
    h("p", { className: "lead" }, "The ", name, " lead"),
    h("a", { className: "cta", href: "/original" }, "The original link"),
    h("p", { className: "clicks" }, `Clicks: ${clicks}`),
    h("img", { className: "photo", src: "data:image/gif;base64,R0lGODlhAQABAIAAAAAAAP///yH5BAEAAAAALAAAAAABAAEAAAIBRAA7", alt: "The original photo", width: 40, height: 20 }),
    h("button", { onClick: () => setClicks(clicks + 1) }, "More"),
  );
}
