// Saying that a visitor has really seen an experience, to Pitcairn and to the analytics.js on the page. Both carry the
// same message id, so that they count as one.
import type { Config, Decision } from "./contract";
import { quietly } from "./quiet";
import { storedId } from "./visitor";

const EVENT = "Mutiny Experience Viewed";
const ATTEMPTS = 4;
const ANALYTICS_EVERY = 200; // ms
const ANALYTICS_FOR = 10000; // ms: how long analytics.js may take to appear

const sent = new Set<string>();

export function expose(config: Config, decision: Decision, visitorId: string): void {
  const { exposureId, experience, audienceSegment, variation, personalized, reason } = decision;
  if (sent.has(exposureId)) return;
  sent.add(exposureId);
  const properties = {
    experience: experience.name,
    audienceSegment: audienceSegment.name,
    personalized,
    experienceId: experience.id,
    audienceSegmentId: audienceSegment.id,
    variation: variation && variation.name,
    variationId: variation && variation.id,
    visitorId,
    exposureId,
    reason,
    pageUrl: location.href,
  };
  const message = {
    writeKey: config.writeKey,
    type: "track",
    event: EVENT,
    anonymousId: storedId() || visitorId,
    messageId: exposureId,
    timestamp: new Date(),
    properties,
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
  };
  const send = quietly(() => {
    post(config.host + "/v1/t", message, ATTEMPTS);
    track(properties, exposureId, performance.now() + ANALYTICS_FOR);
  });
  // A page that is rendered ahead of a visit has not been seen yet.
  if ((document as { prerendering?: boolean }).prerendering) document.addEventListener("prerenderingchange", send, { once: true });
  else send();
}

function post(url: string, message: object, attempts: number): void {
  const again = () => {
    if (attempts > 1) setTimeout(() => post(url, message, attempts - 1), 8000 / attempts ** 2);
  };
  // `keepalive` outlives the page; text/plain needs no preflight.
  fetch(url, { method: "POST", keepalive: true, body: JSON.stringify({ ...message, sentAt: new Date() }) }).then((response) => {
    if (response.status > 499 || response.status === 429) again();
  }, again);
}

function track(properties: object, messageId: string, until: number): void {
  const analytics = window.analytics;
  if (analytics && analytics.track) {
    // It answers with a promise, whose failure is not the page's to hear of either.
    void Promise.resolve(analytics.track(EVENT, properties, { messageId })).catch(() => {});
  } else if (performance.now() < until) {
    setTimeout(quietly(track), ANALYTICS_EVERY, properties, messageId, until);
  }
}
