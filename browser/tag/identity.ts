// The proof of who the visitor is: a token that the website's server has signed. It goes to /v1/decide and nowhere else, and only
// of a visitor who may be remembered.

const NAME = "pitcairn_identity";

/** What this page's last call of `identify` gave; from then on what was before is the token of nobody here. */
let given: string | undefined;

/** The token that `identify` was last given on this page; else the one from before. */
export function identityToken(own: HTMLOrSVGElement | null): string | undefined {
  return given === undefined ? tokenBefore(own) : given || undefined;
}

/** The token that the page's script element brought, or that a page before kept in this tab. */
export function tokenBefore(own: HTMLOrSVGElement | null): string | undefined {
  try {
    return (own && own.dataset.identityToken) || (sessionStorage[NAME] as string | undefined);
  } catch {
    return undefined; // Storage is closed to this page.
  }
}

/** Keeps the token for the pages of this tab; without one, forgets it. */
export function keepToken(token: unknown, mayStore: boolean): void {
  given = typeof token === "string" ? token : "";
  try {
    if (given && mayStore) sessionStorage[NAME] = given;
    else sessionStorage.removeItem(NAME);
  } catch {
    // Storage is closed to this page.
  }
}
