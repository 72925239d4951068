// When a component is shown.
import type { Component } from "./contract";

/** Runs it once, at the component's moment and when the page is looked at. Gives what calls it off. */
export function when({ trigger, seconds, percent }: Component, run: () => void): () => void {
  const ends: (() => void)[] = [];
  const listen = (target: EventTarget, name: string, heard: (event: Event) => void) => {
    target.addEventListener(name, heard, { passive: true });
    ends.push(() => target.removeEventListener(name, heard));
  };
  const end = () => ends.splice(0).forEach((one) => one());
  const now = () => {
    end();
    if (!document.hidden) return run();
    listen(document, "visibilitychange", () => document.hidden || now());
  };

  if (trigger === "delay") {
    const timer = setTimeout(now, seconds * 1000);
    ends.push(() => clearTimeout(timer));
  } else if (trigger === "scroll") {
    const look = () => {
      if (document.readyState !== "complete") return; // More of the page is to come.
      const { scrollHeight, clientHeight } = document.scrollingElement || document.documentElement;
      if (scrollY >= ((scrollHeight - clientHeight) * percent) / 100 - 1) now();
    };
    listen(window, "scroll", look);
    listen(window, "load", look);
    look();
  } else if (trigger === "exit_intent") {
    // Through the top: to the tabs, the address, or what closes the window.
    listen(document.documentElement, "mouseleave", (event) => (event as MouseEvent).clientY <= 0 && now());
  } else now();
  return end;
}

/** Runs it when the page has its elements: at once, or when it is read. */
export function whenRead(run: () => void): void {
  if (document.readyState !== "loading") run();
  else document.addEventListener("DOMContentLoaded", run, { once: true });
}

/** Runs it when the page has a body, before anything of it is painted. */
export function whenBody(run: () => void): void {
  if (document.body) return run();
  const observer = new MutationObserver(() => {
    if (!document.body) return;
    observer.disconnect();
    run();
  });
  observer.observe(document.documentElement, { childList: true });
}
