// The frame of the dashboard's form in which a component is shown as it will be. The form's page says which.
import "./main";
import type { Component } from "./contract";

let turn = 0;

addEventListener("click", (event) => event.preventDefault()); // Its links lead nowhere.
addEventListener("message", ({ data, source }: MessageEvent<{ type: string; config: Component }>) => {
  if (source !== parent) return;
  turn++; // Another experience each time: what was closed is there again.
  const named = { id: turn, name: "" };
  window.__pitcairnComponents!(
    [
      {
        experience: named,
        audienceSegment: named,
        variation: named,
        personalized: true,
        reason: "",
        exposureId: "",
        changes: [],
        type: data.type,
        config: { ...data.config, trigger: "immediately", remember_days: 0 },
      },
    ],
    { early: true, mayStore: false, seen() {}, did() {}, identify() {}, put() {}, preview: true },
  );
});
