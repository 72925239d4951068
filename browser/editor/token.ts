// The token with which the dashboard led to this page: taken out of its address at once, and kept for this tab.

/** Takes the token of this name out of the address, if it is there. */
export function takeToken(name: string): void {
  const found = new RegExp(`[#&]${name}=([\\w.-]+)`).exec(location.hash);
  if (!found) return;
  // History.prototype: a router may have put its own in place of `history.replaceState`, and this is no navigation.
  const rest = location.hash.replace(found[0], "");
  History.prototype.replaceState.call(history, history.state, "", location.pathname + location.search + (rest && rest.replace(/^[#&]?/, "#")));
  given.set(name, found[1]!);
  try {
    sessionStorage[name] = found[1]!;
  } catch {
    // Without storage it lasts until the page is left.
  }
}

const given = new Map<string, string>();

/** The token; empty when there is none. */
export function keptToken(name: string): string {
  const token = given.get(name);
  if (token) return token;
  try {
    return (sessionStorage[name] as string | undefined) ?? "";
  } catch {
    return "";
  }
}

export function forgetToken(name: string): void {
  given.delete(name);
  try {
    sessionStorage.removeItem(name);
  } catch {
    // It was not kept.
  }
}
