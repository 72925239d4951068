// Counts the visit of a hosted page, and clicks on its buttons. The page itself needs none of this.
//
// It is counted here and not by the server, because mail programs and chats open links to preview them, and run no scripts.
// What is sent names the link by its reference and the page by its address without the token: whoever reads events later
// cannot open the page with them. It says who the visitor is only as their browser is known already: a link that was
// forwarded makes nobody its recipient.
import type { Config } from "../tag/contract";
import { configure, isRefused, whenAllowed } from "../tag/consent";
import { message, post, type Message } from "../tag/message";

const CLICKED = "Hosted Page Clicked";

const own = document.currentScript as HTMLScriptElement;
const said = own.dataset;
const config = {
  writeKey: said.writeKey,
  host: own.src.split("/p/-/")[0],
  version: "",
  asksConsent: "asksConsent" in said,
  honoursGPC: "honoursGpc" in said,
} as unknown as Config;

function told(kind: "page" | "track", name: string, more: object): Message {
  const path = said.path!;
  const url = location.origin + path + location.search;
  // The title may say a trait of the recipient; the page's own name says none.
  const page = { url, path, search: location.search, title: said.name, referrer: document.referrer };
  const properties = { hostedPageId: +said.pageId!, hostedPage: said.name, hostedLink: said.link, ...more };
  const named =
    kind === "page" ? { type: "page", category: "Hosted page", name, properties: { ...page, ...properties } } : { event: name, properties };
  const context = { page, library: { name: "pitcairn-hosted", version: "1" }, userAgent: navigator.userAgent };
  return { ...message(config, "track", { ...named, context }), at: kind === "page" ? "p" : "t" };
}

function say(...what: Parameters<typeof told>): void {
  if (!isRefused()) whenAllowed(() => void post(config, told(...what)).catch(() => {}));
}

/** A page that is opened in the background, or rendered ahead, is seen when it comes to the front. */
function seen(): void {
  if (document.visibilityState !== "visible" || (document as { prerendering?: boolean }).prerendering) return;
  document.removeEventListener("visibilitychange", seen);
  document.removeEventListener("prerenderingchange", seen);
  say("page", said.name!, {});
}

function clicked({ target }: Event): void {
  const link = target instanceof Element && target.closest<HTMLAnchorElement>("a[data-action]");
  if (!link) return;
  // What follows the host may say a trait of the recipient, and so may what stands on the button.
  const buttons = [...document.querySelectorAll("a[data-action]")];
  say("track", CLICKED, { to: link.host || "mailto", button: buttons.indexOf(link) + 1 });
}

configure(config);
document.addEventListener("visibilitychange", seen);
document.addEventListener("prerenderingchange", seen);
document.addEventListener("click", clicked);
document.addEventListener("auxclick", clicked);
seen();
