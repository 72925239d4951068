import { typePolicy } from "./changes";

/** What the visual editor's token is called: in the address that the dashboard leads to, and while the editor is open. */
export const EDITOR = "pitcairn-editor";

/**
 * Whether a member edits this page. Then the editor is loaded instead of anything being decided: it shows the versions
 * itself, and an editor is no visitor to be counted.
 */
export function editing(host: string): boolean {
  let kept;
  try {
    kept = sessionStorage[EDITOR];
  } catch {
    // Storage is closed to this page.
  }
  if (!kept && !location.hash.includes(EDITOR + "=")) return false;
  const script: HTMLScriptElement & { types?: unknown } = document.createElement("script");
  const address = host + "/editor/editor.js";
  const types = typePolicy();
  script.src = types ? types.createScriptURL(address) : address;
  script.types = types;
  // The page's policy may let scripts in by the nonce alone.
  script.nonce = (document.querySelector<HTMLScriptElement>("script[nonce]") || script).nonce;
  document.head.append(script);
  return true;
}
