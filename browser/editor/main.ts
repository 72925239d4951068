// The visual editor. The tag loads it where a member came with a token; docs/editor.md says how it works.
import { typePolicy } from "../tag/changes";
import type { TagScript } from "../tag/contract";
import { EDITOR } from "../tag/editing";
import { awaitHydration } from "../tag/hydration";
import { Editor } from "./editor";
import { h } from "./dom";
import { LOOK } from "./look";
import { Refusal, Server } from "./server";
import { forgetToken, keptToken, takeToken } from "./token";
import { belongsHere } from "./widths";

const script = document.currentScript as TagScript;
const host = script.src.replace(/\/editor\/editor\.js.*$/, ""); // Which may be a path of the website itself.
typePolicy(script.types);
delete script.types; // It is nothing for the page's own scripts.

async function start(): Promise<void> {
  takeToken(EDITOR);
  const token = keptToken(EDITOR);
  if (!token) return;
  const server = new Server(host, token);
  try {
    const opened = await server.open();
    if (document.readyState === "loading") await new Promise((done) => document.addEventListener("DOMContentLoaded", done, { once: true }));
    awaitHydration(); // As the tag: it is the tag's way of changing a page that is used here.
    new Editor(opened, server);
  } catch (error) {
    if (!(error instanceof Refusal)) throw error;
    if (error.ends) forgetToken(EDITOR);
    tell(error.message);
  }
}

/** Says why there is no editor, and gets out of the way. */
function tell(message: string): void {
  const element = document.createElement("pitcairn-editor");
  const root = element.attachShadow({ mode: "closed" });
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOK);
  root.adoptedStyleSheets = [sheet];
  const close = h("button", { type: "button", onclick: () => location.reload() }, "Show the page as visitors see it");
  root.append(h("div", { className: "editor" }, h("div", { className: "panel told", role: "alertdialog", "aria-label": "Pitcairn editor" }, h("div", { className: "body" }, h("h2", {}, "The editor cannot open"), h("p", {}, message), close))));
  document.documentElement.append(element);
  close.focus();
}

if (belongsHere) void start();
