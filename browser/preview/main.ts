// A preview: one experience as a link shows it, for whoever has the link, on this page and on those that the tab goes to
// next. The tag loads it instead of deciding anything. Nobody is a visitor here: no id, no cookie, nothing reported.
//
// The tag has hidden the page, since what a draft changes is known to nobody yet. It is shown once the answer is there.
import { typePolicy } from "../tag/changes";
import type { Decision } from "../tag/contract";
import { PREVIEW, PREVIEW_CAP, type Lent } from "../tag/editing";
import { hide, show as unhide } from "../tag/hiding";
import { awaitHydration } from "../tag/hydration";
import { keep, restore } from "../tag/page";
import { watchRoutes } from "../tag/routes";
import { forgetToken, keptToken, takeToken } from "../editor/token";
import { Bar } from "./bar";
import { takeAway, trial } from "./component";
import { wayThere } from "./redirect";
import { sentence, type Preview } from "./words";

interface Shown {
  readonly preview?: Preview;
  readonly decisions?: readonly Decision[];
  readonly code?: string;
  readonly message?: string;
}

const script = document.currentScript as Lent;
const host = script.src.replace(/\/editor\/preview\.js.*$/, ""); // Which may be a path of the website itself.
const writeKey = script.dataset.writeKey!;
typePolicy(script.types);
const { show: unhideByTag, until = 0 } = script;
delete script.types; // It is nothing for the page's own scripts.
delete script.show;
delete script.isRefused;
delete script.visitor;

const bar = new Bar(leave);
let address = "";
/** Nobody has seen this view of the page yet. */
let hidden = false;
let timer: ReturnType<typeof setTimeout> | undefined;
/** What the experience changes, once that is known. */
let selectors: readonly string[] = [];

function leave(): void {
  forgetToken(PREVIEW);
  location.reload();
}

function cover(what: readonly string[], ms: number): void {
  clearTimeout(timer);
  hidden = what.length > 0 && ms > 0;
  if (!hidden) return;
  hide(what);
  timer = setTimeout(uncover, ms);
}

function uncover(): void {
  clearTimeout(timer);
  hidden = false;
  unhide();
}

async function ask(token: string): Promise<Shown> {
  try {
    const response = await fetch(`${host}/v1/decide`, {
      method: "POST",
      credentials: "omit",
      cache: "no-store",
      body: JSON.stringify({
        writeKey,
        preview: token,
        url: location.href.split("#")[0],
        language: navigator.language,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        store: false,
      }),
    });
    return (await response.json()) as Shown;
  } catch {
    return { code: "unreachable", message: `${host} does not answer. Check the connection and load the page again.` };
  }
}

async function show(): Promise<void> {
  const here = (address = location.href.split("#")[0]!);
  const token = keptToken(PREVIEW);
  if (!token) return uncover();
  const shown = await ask(token);
  if (here !== address) return; // The tab has gone on meanwhile.
  try {
    become(shown, token);
  } finally {
    uncover();
  }
}

/** Makes the page what the link shows of it. */
function become({ preview, decisions = [], message, code }: Shown, token: string): void {
  if (!preview) {
    restore();
    takeAway();
    const text = message ?? `${host} did not answer as it should.`;
    console.warn(`Pitcairn shows no preview: ${text}`);
    if (/^preview_(expired|revoked|unknown)/.test(code ?? "")) forgetToken(PREVIEW);
    bar.tell(text, { bad: true });
    return;
  }
  selectors = preview.selectors;
  const changes = decisions.filter(({ changes }) => changes?.length);
  if (changes.length) keep(changes, () => {});
  else restore();
  const [decided] = decisions;
  const component = decided?.config ? trial(decided, hidden) : takeAway();
  bar.tell(sentence(preview, decided), {
    part: component ?? wayThere(decided, token),
    onTop: !!decided?.config && standsBelow(decided),
  });
}

/** Where the bar would cover what is previewed. */
function standsBelow({ type, config }: Decision): boolean {
  return type === "side_pop" || type === "survey" || (config as { position?: string }).position === "bottom";
}

const pathOf = (url: string) => url.split("?")[0];

/** A route change. As for visitors, another query of the same page leaves what is shown until the answer is there. */
const move = () => {
  const now = location.href.split("#")[0]!;
  if (now === address) return;
  if (pathOf(now) !== pathOf(address)) {
    restore();
    takeAway();
    cover(selectors, PREVIEW_CAP);
  }
  void show();
};

cover(["*"], until - performance.now());
unhideByTag?.();
takeToken(PREVIEW);
if (!window.mutiny) {
  // A page may call these without looking. They do nothing: nothing that happens in a preview counts.
  const nothing = () => Promise.resolve();
  window.mutiny = { client: (window.mutinyClient = { identify: nothing, trackConversion: nothing, optIn: nothing, optOut: nothing, defaultOptOut: nothing }) };
}
watchRoutes(move);
addEventListener("pageshow", (event) => event.persisted && void show());
awaitHydration();
void show();
