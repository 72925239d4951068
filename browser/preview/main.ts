// A preview: one experience as a link shows it, for whoever has the link, on this page and on those that the tab goes to
// next. The tag loads it instead of deciding anything. Nobody is a visitor here: no id, no cookie, nothing reported.
import { typePolicy } from "../tag/changes";
import type { Decision, TagScript } from "../tag/contract";
import { PREVIEW } from "../tag/editing";
import { awaitHydration } from "../tag/hydration";
import { keep, restore } from "../tag/page";
import { watchRoutes } from "../tag/routes";
import { forgetToken, keptToken, takeToken } from "../editor/token";
import { Bar } from "./bar";

interface Shown {
  readonly preview?: { experience: string; segment: string; variation: string; here: boolean; expiresAt: number };
  readonly decisions?: readonly Decision[];
  readonly code?: string;
  readonly message?: string;
}

const script = document.currentScript as TagScript;
const host = script.src.replace(/\/editor\/preview\.js.*$/, ""); // Which may be a path of the website itself.
const writeKey = script.dataset.writeKey!;
typePolicy(script.types);
delete script.types; // It is nothing for the page's own scripts.

const bar = new Bar(leave);
let address = "";

function leave(): void {
  forgetToken(PREVIEW);
  location.reload();
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
  if (!token) return;
  const { preview, decisions = [], message, code } = await ask(token);
  if (here !== address) return; // The tab has gone on meanwhile.
  if (!preview) {
    restore();
    const text = message ?? `${host} did not answer as it should.`;
    console.warn(`Pitcairn shows no preview: ${text}`);
    if (/^preview_(expired|revoked|unknown)/.test(code ?? "")) forgetToken(PREVIEW);
    bar.tell(text, true);
    return;
  }
  const changes = decisions.filter(({ changes }) => changes?.length);
  if (changes.length) keep(changes, () => {});
  else restore();
  bar.tell(words(preview, decisions.length > changes.length), false);
}

function words({ experience, segment, variation, here }: NonNullable<Shown["preview"]>, isMore: boolean): string {
  if (!here) return `${experience} is on other pages; this one is as it is.`;
  if (!variation) return `${experience}: the page as it is, since no segment of it is met.`;
  if (isMore) return `${experience}, as ${segment} gets it, is more than changes of the page, and a preview shows those alone.`;
  return `${experience}, as ${segment} sees it${variation === "Personalized" ? "" : ` (${variation})`}.`;
}

const move = () => {
  if (location.href.split("#")[0] !== address) void show();
};

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
