// A small application as sites have them: rendered on the server, taken over by React in the browser.
import { createElement as h, useEffect, useState } from "react";
import { hydrateRoot } from "react-dom/client";

window.recovered = [];

function App() {
  const [clicks, setClicks] = useState(0);
  const [emphasis, setEmphasis] = useState(true);
  const [name, setName] = useState("original");
  const [shown, setShown] = useState(true);
  Object.assign(window, { setEmphasis, setName, setShown });
  useEffect(() => {
    window.hydrated = true;
  }, []);
  return h(
    "main",
    null,
    shown && h("h1", null, `The ${name} `, emphasis && h("em", null, `headline ${clicks}`)),
    h("p", null, `Clicks: ${clicks}`),
    h("button", { onClick: () => setClicks(clicks + 1) }, "More"),
  );
}

window.hydrate = () =>
  hydrateRoot(document.getElementById("root"), h(App), {
    onRecoverableError: (error) => window.recovered.push(String(error)),
  });
