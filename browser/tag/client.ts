// The calls that a page may make, as Mutiny's customers make them: `window.mutiny.client` and `window.mutinyClient`.
import type { Client, Config } from "./contract";
import { choose, mayStore, refuseByDefault, whenAllowed } from "./consent";
import { keepToken } from "./identity";
import { message, post } from "./message";

/** What the tag does when the visitor's choice changes. */
export interface Reactions {
  readonly optedIn: () => void;
  readonly optedOut: () => void;
}

export function newClient(config: Config, { optedIn, optedOut }: Reactions): Client {
  /** By analytics.js when it is there, else directly. What has to wait for the visitor's consent counts as done. */
  const say = (type: "identify" | "track", name: string | undefined, values: object) => {
    let sent: unknown;
    whenAllowed(() => {
      const { analytics } = window;
      const send = analytics && analytics[type];
      const fields = type === "track" ? { event: name, properties: values } : { userId: name, traits: values };
      sent = send ? send.call(analytics, name!, values) : post(config, message(config, type, fields));
    });
    return sent;
  };
  const calls: Record<keyof Client, (first?: unknown, second?: object, third?: { token?: unknown }) => unknown> = {
    identify(userId, traits, options) {
      if (isObject(userId)) return say("identify", undefined, userId);
      // Who says who they are without a proof may be somebody else than the one before.
      if (userId) keepToken(options && options.token, mayStore());
      return say("identify", userId ? String(userId) : undefined, traits || {});
    },
    trackConversion(conversion, properties) {
      const { name, event, ...rest } = (isObject(conversion) ? conversion : { name: conversion }) as Record<string, string>;
      return say("track", name || event || "Conversion", { ...rest, ...properties });
    },
    optIn() {
      choose("in");
      optedIn();
    },
    optOut() {
      choose("out");
      optedOut();
    },
    defaultOptOut() {
      refuseByDefault();
      optedOut();
    },
  };
  const client: Partial<Client> = {};
  for (const name of Object.keys(calls) as (keyof Client)[]) {
    client[name] = (...args: [unknown?, object?, object?]) => {
      const settled = (async () => void (await calls[name](...args)))();
      settled.catch(() => {}); // It is the page's to know, and a page that does not ask hears nothing.
      return settled;
    };
  }
  return client as Client;
}

/** Takes the place of the shim's stand-in: what was called is done, and what is called from now on is done at once. */
export function takeCalls(client: Client): void {
  const calls = window.__pitcairnCalls;
  if (calls) {
    calls.push = ([name, args, resolve, reject]) => {
      client[name](...(args as [])).then(resolve, reject);
      return 0;
    };
    calls.forEach((call) => calls.push(call));
  } else if (!window.mutiny) {
    window.mutiny = { client };
    window.mutinyClient = client;
  }
}

const isObject = (value: unknown): value is object => typeof value === "object" && !!value;
