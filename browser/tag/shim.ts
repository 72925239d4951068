import { ask } from "./question";
import { storedId } from "./visitor";

const CAP = 400; // ms

const own = document.currentScript as HTMLScriptElement;
const { pitcairnHost: host, writeKey, version } = own.dataset;
const tag = document.createElement("script");
tag.src = host + "/tag/" + (version ? version + "/" : "") + writeKey + ".js";
tag.setAttribute("blocking", "render");
tag.nonce = own.nonce;
own.after(tag);
setTimeout(() => tag.remove(), CAP);
window.__pitcairn = ask(host!, writeKey!, storedId() || crypto.randomUUID());
