import { createElement as h, useEffect, useState } from "react";
import { Home } from "../next/app/home.js";

export function App() {
  const [path, setPath] = useState("/");
  useEffect(() => {
    const read = () => setPath(location.pathname);
    addEventListener("popstate", read);
    return () => removeEventListener("popstate", read);
  }, []);
  const go = (event) => {
    event.preventDefault();
    history.pushState({}, "", "/second");
    setPath("/second");
  };
  return h(
    "main",
    null,
    h("nav", null, h("a", { href: "/second", onClick: go }, "Second")),
    path === "/" ? h(Home) : h("h1", null, "The original second page"),
  );
}
