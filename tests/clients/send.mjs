// Sends the calls that stand on stdin with @segment/analytics-node, and prints the messages it made of them.
import { createRequire } from "node:module";
import { text } from "node:stream/consumers";

const require = createRequire(new URL("../../browser/package.json", import.meta.url));
const { Analytics } = require("@segment/analytics-node");

const { settings, calls } = JSON.parse(await text(process.stdin));
const analytics = new Analytics(settings);
const errors = [];
analytics.on("error", (error) => errors.push(String(error.reason ?? error)));

const sent = calls.map(
  ({ type, ...params }) =>
    new Promise((resolve) => {
      analytics[type](params, (error, context) => {
        if (error) errors.push(String(error));
        resolve(context.event);
      });
    }),
);
await analytics.closeAndFlush();
process.stdout.write(JSON.stringify({ messages: await Promise.all(sent), errors }));
