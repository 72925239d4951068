// Where a page goes from one address to another without being loaded anew.

/** Calls `moved` whenever the address may have become another one; it may still be the same. */
export function watchRoutes(moved: () => void): void {
  for (const name of ["pushState", "replaceState"] as const) {
    const original = history[name];
    history[name] = function (...args) {
      original.apply(this, args);
      moved();
    };
  }
  addEventListener("popstate", moved);
  // Routers that use the Navigation API go past `history`.
  const { navigation } = window as { navigation?: EventTarget };
  if (navigation) navigation.addEventListener("currententrychange", moved);
}
