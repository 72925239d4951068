// Cookies that scripts may read, on the widest domain that the browser takes, as analytics.js keeps its own.

const YEAR = 31536000; // s

export function readCookie(name: string): string {
  try {
    return decodeURIComponent((new RegExp("(?:^|; )" + name + "=([^;]+)").exec(document.cookie) || "")[1] || "");
  } catch {
    return ""; // Storage is closed to the page, or somebody else wrote something else.
  }
}

/** Writes the cookie; an empty value removes it. Last, where no domain can be named (localhost), without one. */
export function writeCookie(name: string, value: string): void {
  const labels = location.hostname.split(".");
  for (let i = labels.length - 2; i >= -1 && readCookie(name) !== value; i--) {
    document.cookie =
      name + "=" + encodeURIComponent(value) + ";path=/;max-age=" + (value ? YEAR : 0) + ";samesite=lax" +
      (i < 0 ? "" : ";domain=" + labels.slice(i).join("."));
  }
}
