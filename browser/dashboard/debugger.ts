// The debugger's list grows while it is open: it stays short, free of doubles, and says which row is shown beside it.

/** Takes out rows that are there twice, and the oldest beyond the list's limit. */
export function trimRows(): void {
  for (const list of document.querySelectorAll<HTMLElement>("[data-most-rows]")) {
    const seen = new Set<string>();
    for (const row of [...list.children]) {
      if (seen.has(row.id) || seen.size >= Number(list.dataset.mostRows)) row.remove();
      else seen.add(row.id);
    }
  }
}

/** Marks the row whose message the address names. */
export function markChosen(): void {
  const chosen = new URLSearchParams(location.search).get("message");
  for (const link of document.querySelectorAll<HTMLAnchorElement>("a[data-message]")) {
    if (link.dataset.message === chosen) link.setAttribute("aria-current", "true");
    else link.removeAttribute("aria-current");
  }
}

/** Hides the message beside the list and gives the focus back to its row. */
export function closeDetail(): void {
  const detail = document.getElementById("detail");
  if (!detail || detail.hidden) return;
  const row = document.querySelector<HTMLAnchorElement>("a[data-message][aria-current]");
  detail.hidden = true;
  const address = new URL(location.href);
  address.searchParams.delete("message");
  history.replaceState(history.state, "", address);
  markChosen();
  row?.focus();
}
