// What a site puts in its head, inline or as a file of its own:
//
//   <script src="/shim.js" data-pitcairn-host="https://pitcairn.example" data-write-key="KEY"></script>
//
// It loads the tag so that a server which does not answer costs the visitor the cap and no more. The tag blocks
// rendering, not parsing, and taking a render-blocking script out of the document unblocks rendering, which no other
// kind of blocking script allows. The decision is asked for meanwhile.
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
// On plain http there is no `crypto.randomUUID`; room for another one is in the tag only.
const newId = () => (crypto.randomUUID ? crypto.randomUUID() : Math.random() + "-" + Date.now());
window.__pitcairn = ask(host!, writeKey!, storedId() || newId());
