// Segment's stock client library for the demo website, loading its settings from Pitcairn. The page's /config.js,
// which runs first, says where that is; everything else is as Segment's own documentation has it.
import { AnalyticsBrowser } from "@segment/analytics-next";

declare global {
  interface Window {
    demo?: { host: string; writeKey: string };
  }
}

const demo = window.demo;
if (demo) {
  const api = demo.host.replace(/^https?:\/\//, "") + "/v1";
  const protocol = demo.host.startsWith("http:") ? "http" : "https";
  const analytics = AnalyticsBrowser.load(
    { writeKey: demo.writeKey, cdnURL: demo.host },
    { integrations: { "Segment.io": { apiHost: api, protocol } } },
  );
  void analytics.page();
  window.analytics = analytics;
} else {
  console.error("The demo website's /config.js did not set window.demo, so nothing is sent.");
}
