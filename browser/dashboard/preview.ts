// Hands what the form's component says into the frame that shows it. The server says it anew whenever the form changes.

/** A new frame shows it when it has come; one that stands shows it at once. */
function fill(frame: HTMLIFrameElement): void {
  const said = frame.parentElement?.querySelector<HTMLElement>("[data-preview]")?.dataset.preview;
  // The frame has no origin of its own that could be named; what it is told is what stands in the form.
  if (said) frame.contentWindow?.postMessage(JSON.parse(said), "*");
}

export function keepPreviews(): void {
  document.addEventListener("load", ({ target }) => target instanceof HTMLIFrameElement && target.closest(".as-seen") && fill(target), true);
  document.addEventListener("htmx:after:swap", () => document.querySelectorAll<HTMLIFrameElement>(".as-seen iframe").forEach(fill));
}
