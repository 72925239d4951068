import type { Answer, Choice, Question } from "./contract";

/**
 * Asks the server what this visitor sees at this address. `store`: whether it may keep the visitor's id in a cookie. `identity`:
 * a token that proves who they are.
 */
export function ask(host: string, writeKey: string, anonymousId: string, consent: Choice, store: boolean, identity?: string): Question {
  const url = location.href;
  const abort = new AbortController();
  return {
    url,
    abort,
    anonymousId,
    start: performance.now(),
    // A string as body goes as text/plain, which needs no preflight.
    answer: fetch(host + "/v1/decide", {
      method: "POST",
      credentials: "include",
      signal: abort.signal,
      body: JSON.stringify({
        writeKey,
        anonymousId,
        url,
        referrer: document.referrer,
        language: navigator.language,
        timeZone: Intl.DateTimeFormat().resolvedOptions().timeZone,
        consent,
        store,
        identity: store ? identity : undefined,
      }),
    })
      .then((response) => response.json() as Promise<Answer>)
      .catch(() => null),
  };
}
