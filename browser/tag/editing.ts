import { typePolicy } from "./changes";
import type { Config, TagScript } from "./contract";

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

/** Which of the two is on this page, if one is. */
export const aside = (): string | undefined => [EDITOR, PREVIEW].find(has);

/**
 * Whether a member edits this page, or somebody looks at a preview. Then that is loaded instead of anything being decided: it
 * shows its versions itself, and neither is a visitor to be counted. To a member who asks why, the page is as to visitors.
 */
export function editing({ host, writeKey }: Config): boolean {
  const name = aside() || (has(WHY) && WHY);
  if (!name) return false;
  const script: TagScript = document.createElement("script");
  const address = host + "/editor/" + name.slice(9) + ".js";
  const types = typePolicy();
  script.src = types ? types.createScriptURL(address) : address;
  script.types = types;
  script.dataset.writeKey = writeKey;
  // The page's policy may let scripts in by the nonce alone.
  script.nonce = (document.querySelector<HTMLScriptElement>("script[nonce]") || script).nonce;
  document.head.append(script);
  return name !== WHY;
}
