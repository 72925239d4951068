// *Why* on the page: for a member, what becomes of every experience for the visitor that this browser is.
import { storedChoice } from "../tag/consent";
import { WHY, type Lent } from "../tag/editing";
import { storedId } from "../tag/visitor";
import { button, h } from "../editor/dom";
import { forgetToken, keptToken, takeToken } from "../editor/token";
import { LOOK } from "./look";

interface Seen {
  readonly words: string;
  readonly holds: boolean;
  readonly asks: boolean;
  readonly value: unknown;
  readonly inner: readonly Seen[];
}

interface Experience {
  readonly name: string;
  readonly state: string;
  readonly reason: string;
  readonly words: string;
  readonly decided: boolean;
  /** Its frequency cap, with how often the visitor has seen it; empty without one. */
  readonly cap: string;
  readonly segments: readonly { readonly name: string; readonly condition: Seen }[];
}

interface Told {
  readonly experiences?: readonly Experience[];
  readonly held_out?: boolean;
  readonly connected?: boolean;
  readonly known?: boolean;
  readonly consent_words?: string;
  readonly code?: string;
  readonly message?: string;
}

const script = document.currentScript as Lent;
const base = script.src.replace(/\.js.*$/, "");
const { isRefused, visitor } = script;
delete script.types; // It is nothing for the page's own scripts.
delete script.isRefused;
delete script.visitor;

const host = document.createElement("pitcairn-why");
const root = host.attachShadow({ mode: "closed" });
const body = h("div", { className: "body" });

function build(): void {
  const sheet = new CSSStyleSheet();
  sheet.replaceSync(LOOK);
  root.adoptedStyleSheets = [sheet];
  const leave = () => {
    forgetToken(WHY);
    host.remove();
  };
  root.append(
    h(
      "section",
      { role: "region", "aria-label": "Pitcairn: why" },
      h("header", {}, h("h2", {}, "Why"), button("Ask again", () => void tell()), button("Close", leave)),
      body,
    ),
  );
  document.documentElement.append(host);
}

async function ask(): Promise<Told> {
  const query = new URLSearchParams({
    url: location.href.split("#")[0]!,
    visitor: storedId() || visitor?.() || "",
    consent: storedChoice(),
    gpc: (navigator as { globalPrivacyControl?: boolean }).globalPrivacyControl ? "1" : "",
    refused: isRefused?.() ? "1" : "",
    writeKey: script.dataset.writeKey ?? "",
    referrer: document.referrer,
    language: navigator.language,
    zone: Intl.DateTimeFormat().resolvedOptions().timeZone,
  });
  try {
    const response = await fetch(`${base}?${query}`, { credentials: "include", cache: "no-store", headers: { Authorization: `Bearer ${keptToken(WHY)}` } });
    return (await response.json()) as Told;
  } catch {
    return { code: "unreachable", message: "The server does not answer. Check the connection and ask again." };
  }
}

async function tell(): Promise<void> {
  const { experiences, message, code, connected, held_out: heldOut, known, consent_words: consent } = await ask();
  if (/^(token_|wrong_origin|not_allowed)/.test(code ?? "")) forgetToken(WHY);
  if (!experiences) {
    body.replaceChildren(h("p", { role: "alert" }, message ?? "The server did not answer as it should."));
    return;
  }
  const notes = [
    !connected && "No enabled Mutiny destination is connected to a source, so nothing is personalized.",
    heldOut && "This visitor is in the holdout.",
    !known && "Nothing is known of this visitor yet.",
    consent && `${consent}.`,
  ];
  body.replaceChildren(
    ...notes.filter((note): note is string => !!note).map((note) => h("p", { className: "note" }, note)),
    ...(experiences.length ? experiences.map(experienceOf) : [h("p", {}, "There is no experience yet.")]),
  );
}

function experienceOf({ name, words, decided, cap, segments }: Experience): HTMLElement {
  const head = h("summary", {}, h("strong", {}, name), " ", h("span", {}, `${words}.`));
  const parts = segments.map((segment) => h("div", {}, h("h3", {}, segment.name), h("ul", {}, seenOf(segment.condition))));
  return h("details", { open: decided, className: decided ? "decided" : "" }, head, cap && h("p", { className: "saw" }, `${cap}.`), ...parts);
}

function seenOf({ words, holds, asks, value, inner }: Seen): HTMLElement {
  const saw = asks ? h("span", { className: "saw" }, value === null ? "absent" : `saw ${JSON.stringify(value)}`) : null;
  return h("li", {}, h("span", { className: holds ? "yes" : "no" }, holds ? "yes" : "no"), " ", words, " ", saw, inner.length > 0 && h("ul", {}, ...inner.map(seenOf)));
}

takeToken(WHY);
if (keptToken(WHY)) {
  build();
  void tell();
}
