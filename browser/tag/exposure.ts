// Saying that a visitor has really seen an experience, to Pitcairn and to the analytics.js on the page. Both carry the
// same message id, so that they count as one.
import type { Config, Decision } from "./contract";
import { whenAllowed } from "./consent";
import { message, post } from "./message";
import { quietly } from "./quiet";

const EVENT = "Mutiny Experience Viewed";
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
  const said = message(config, "track", { event: EVENT, messageId: exposureId, properties });
  const send = quietly(() => {
    post(config, said).catch(() => {});
    track(properties, exposureId, performance.now() + ANALYTICS_FOR);
  });
  // A page that is rendered ahead of a visit has not been seen yet.
  const whenSeen = () => {
    if ((document as { prerendering?: boolean }).prerendering) document.addEventListener("prerenderingchange", send, { once: true });
    else send();
  };
  whenAllowed(whenSeen);
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
