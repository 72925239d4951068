// Segment calls, sent by the tag itself.
import type { Config } from "./contract";
import { mayStore } from "./consent";
import { visitorId } from "./visitor";

const ATTEMPTS = 4;

/** What every call says, as analytics.js would. `at`: its path under /v1/. */
export interface Message {
  readonly at: "i" | "t" | "p";
  readonly body: object;
}

export function message(config: Config, type: "identify" | "track", fields: object): Message {
  return {
    at: type === "track" ? "t" : "i",
    body: {
      writeKey: config.writeKey,
      type,
      anonymousId: visitorId(mayStore()),
      timestamp: new Date(),
      context: {
        page: {
          url: location.href,
          path: location.pathname,
          referrer: document.referrer,
          search: location.search,
          title: document.title,
        },
        library: { name: "pitcairn-tag", version: config.version },
        userAgent: navigator.userAgent,
      },
      ...fields,
    },
  };
}

/** Sends it in a request that outlives the page, and again while the server is busy. Rejects when that did not help. */
export async function post(config: Config, { at, body }: Message): Promise<void> {
  for (let attempts = ATTEMPTS; ; attempts--) {
    const response = await fetch(config.host + "/v1/" + at, {
      method: "POST",
      keepalive: true,
      // A string as body goes as text/plain, which needs no preflight.
      body: JSON.stringify({ ...body, sentAt: new Date() }),
    }).catch(() => undefined);
    if (response && response.status < 500 && response.status !== 429) {
      if (!response.ok) throw new Error(`Pitcairn answered ${response.status} to a call.`);
      return;
    }
    if (attempts < 2) throw new Error("Pitcairn did not take a call.");
    await new Promise((again) => setTimeout(again, 8000 / attempts ** 2));
  }
}
