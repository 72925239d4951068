// The visitor's id is analytics.js's anonymous id, so that an exposure and a conversion belong to the same visitor
// whichever of the two saw the visitor first.
import { readCookie, writeCookie } from "./cookies";

const NAME = "ajs_anonymous_id";

/** The id of this page's visitor, who may not have allowed that it be stored. */
let inMemory = "";

/** The id that analytics.js or the tag has stored; empty where there is none or storage is closed to the page. */
export function storedId(): string {
  try {
    // analytics.js 1 wrote JSON, analytics.js 2 writes plain text.
    return (readCookie(NAME) || localStorage[NAME] || "").replace(/"/g, "");
  } catch {
    return "";
  }
}

/** A random UUID, also on plain http, where `crypto.randomUUID` does not exist. */
function newId(): string {
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+digit / 4)))).toString(16),
  );
}

/** The visitor's id. Until it may be stored, it does not change while the page lives. */
export function visitorId(mayStore: boolean): string {
  const stored = mayStore || !inMemory ? storedId() : "";
  inMemory = stored || inMemory || newId();
  if (mayStore && !stored) storeId();
  return inMemory;
}

/** The shim has made this id, or found it. */
export function adoptId(id: string): void {
  inMemory = id;
}

/** Keeps the id where analytics.js looks for one, so that it adopts it. */
export function storeId(): void {
  if (inMemory) writeCookie(NAME, inMemory);
}

/** Forgets the id, unless analytics.js is there: then it is that one's as well. */
export function forgetId(): void {
  inMemory = "";
  if (!window.analytics) writeCookie(NAME, "");
}
