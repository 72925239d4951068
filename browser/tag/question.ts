import type { Answer, Choice, Question } from "./contract";

/** Asks the server what this visitor sees at this address. `store`: whether it may keep the visitor's id in a cookie. */
export function ask(host: string, writeKey: string, anonymousId: string, consent: Choice, store: boolean): Question {
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
      body: JSON.stringify({ writeKey, anonymousId, url, referrer: document.referrer, language: navigator.language, consent, store }),
    })
      .then((response) => response.json() as Promise<Answer>)
      .catch(() => null),
  };
}
