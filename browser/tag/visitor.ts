// The visitor's id is analytics.js's anonymous id, so that an exposure and a conversion belong to the same visitor
// whichever of the two saw the visitor first.

const YEAR = 31536000; // s

function cookie(): string {
  return (/(?:^|; )ajs_anonymous_id=([^;]+)/.exec(document.cookie) || "")[1] || "";
}

/** The id that analytics.js or the tag has stored; empty where there is none or storage is closed to the page. */
export function storedId(): string {
  try {
    // analytics.js 1 wrote JSON, analytics.js 2 writes plain text.
    return decodeURIComponent(cookie() || localStorage.ajs_anonymous_id || "").replace(/"/g, "");
  } catch {
    return "";
  }
}

/** A random UUID, also on plain http, where `crypto.randomUUID` does not exist. */
export function newId(): string {
  return "10000000-1000-4000-8000-100000000000".replace(/[018]/g, (digit) =>
    (+digit ^ (crypto.getRandomValues(new Uint8Array(1))[0]! & (15 >> (+digit / 4)))).toString(16),
  );
}

/** Keeps the id where analytics.js looks for one, so that it adopts it. */
export function storeId(id: string): void {
  // On the widest domain that the browser takes, as analytics.js does: beside a cookie of its own on a wider domain, one
  // of ours would live on after `analytics.reset()`. Last, where no domain can be named (localhost), without one.
  const labels = location.hostname.split(".");
  for (let i = labels.length - 2; i >= -1 && !cookie(); i--) {
    document.cookie =
      "ajs_anonymous_id=" + encodeURIComponent(id) + ";path=/;max-age=" + YEAR + ";samesite=lax" +
      (i < 0 ? "" : ";domain=" + labels.slice(i).join("."));
  }
}
