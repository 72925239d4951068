// A redirect in a preview leads nowhere by itself: who looks at the page would never see it. A link goes there instead.
import { h } from "../editor/dom";
import type { Decision } from "../tag/contract";
import { PREVIEW } from "../tag/editing";

/**
 * The link to where the redirect leads. The preview goes on there: on this origin by itself, and on one below the same name
 * by the token in the address. No other website gets to read the token.
 */
export function wayThere(decided: Decision | undefined, token: string): HTMLElement | undefined {
  const { redirect = "" } = decided ?? {};
  if (!/^https?:/.test(redirect)) return undefined;
  const there = new URL(redirect);
  if (there.origin !== location.origin && isOurs(there.hostname)) there.hash += `${there.hash ? "&" : "#"}${PREVIEW}=${token}`;
  return h("a", { href: there.href, rel: "noreferrer" }, "Go there");
}

function isOurs(name: string): boolean {
  const own = location.hostname.replace(/^www\./, "");
  return name === own || name.endsWith(`.${own}`);
}
