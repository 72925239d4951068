import { typePolicy } from "./changes";
import { isRefused } from "./consent";
import type { Config, TagScript } from "./contract";
import { hide, show } from "./hiding";
import { visitorId } from "./visitor";

/** What the tokens of the visual editor, of a preview and of *why* are called: in the address that leads here, and while they last. */
export const EDITOR = "pitcairn-editor";
export const PREVIEW = "pitcairn-preview";
/** Of the overlay that says why: beside the tag, which decides as ever. */
export const WHY = "pitcairn-why";

function has(name: string): boolean {
  try {
    if (sessionStorage[name]) return true;
  } catch {
    // Storage is closed to this page.
  }
  return location.hash.includes(name + "=");
}

/** For how long the page of a preview may stay hidden, in ms: whoever looks at one waits for it. */
export const PREVIEW_CAP = 2000;

/** What the tag hands to the script that it loads. It is nothing for the page's own scripts: that one takes it away. */
export interface Lent extends TagScript {
  /** Whether the visitor is left alone, as the tag has it. */
  isRefused?: () => boolean;
  /** The id by which the tag asks, which need not be stored. */
  visitor?: () => string;
  /** Of a preview: ends the hiding of the page, which ends by itself at `until`, on `performance.now()`'s clock. */
  show?: () => void;
  until?: number;
}

/** Which of the two is on this page, if one is. */
export const aside = (): string | undefined => [EDITOR, PREVIEW].find(has);

/**
 * Whether a member edits this page, or somebody looks at a preview. Then that is loaded instead of anything being decided: it
 * shows its versions itself, and neither is a visitor to be counted. To a member who asks why, the page is as to visitors.
 */
export function editing({ host, writeKey }: Config): boolean {
  const name = aside() || (has(WHY) && WHY);
  if (!name) return false;
  const script: Lent = document.createElement("script");
  const address = host + "/editor/" + name.slice(9) + ".js";
  const types = typePolicy();
  script.src = types ? types.createScriptURL(address) : address;
  script.types = types;
  script.isRefused = isRefused;
  script.visitor = () => visitorId(false);
  script.dataset.writeKey = writeKey;
  // The page's policy may let scripts in by the nonce alone.
  script.nonce = (document.querySelector<HTMLScriptElement>("script[nonce]") || script).nonce;
  if (name === PREVIEW) {
    // What a draft changes is known to nobody yet.
    hide(["*"]);
    script.show = script.onerror = show;
    script.until = performance.now() + PREVIEW_CAP;
    setTimeout(show, PREVIEW_CAP);
  }
  document.head.append(script);
  return name !== WHY;
}
