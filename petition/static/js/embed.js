// Shows a campaign's form where its link stands, on a partner's page. The link gives way once the
// form says that it is there; if it has not within five seconds, the form goes and the link stays.
// docs/partners.md says what may stand on the script's tag.
(() => {
  "use strict";

  const script = document.currentScript;
  if (!script) return;
  const { campaign, partner, lang = document.documentElement.lang, theme, accent, height } = script.dataset;
  const host = new URL(script.src).origin;
  const before = (link) => link.origin === host && link.compareDocumentPosition(script) & Node.DOCUMENT_POSITION_FOLLOWING;
  const link = [...document.querySelectorAll("a[href]")].filter(before).pop();

  const address = new URL(`/embed/${campaign}`, host);
  const asked = { partner, lang, theme, accent: accent?.replace("#", "") };
  for (const [name, value] of Object.entries(asked)) if (value) address.searchParams.set(name, value);

  // The room is kept from the start, so that nothing below moves when the form is there.
  const box = document.createElement("span");
  const frame = document.createElement("iframe");
  const set = (element, rules) => Object.entries(rules).forEach(([name, value]) => element.style.setProperty(name, value));
  set(box, { display: "block", position: "relative" });
  set(frame, { position: "absolute", top: 0, left: 0, width: "100%", height: "100%", border: 0, visibility: "hidden" });
  frame.title = link?.textContent.trim() || campaign;
  frame.referrerPolicy = "no-referrer";
  frame.allow = "clipboard-write; web-share";
  (link ?? script).before(box);
  if (link) box.append(link);
  box.append(frame);
  const room = Number(height) || (box.clientWidth < 520 ? 1700 : 1500);
  set(box, { "min-height": `${room}px` });

  const tell = (event) => box.dispatchEvent(new CustomEvent(`petition:${event}`, { bubbles: true, detail: { campaign } }));
  const hear = ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== host) return;
    if (!["ready", "height"].includes(data?.petition) || !Number.isFinite(data.height)) return;
    set(box, { height: `${Math.min(Math.max(data.height, room), 9999)}px` });
    if (data.petition !== "ready" || !late) return;
    late = clearTimeout(late);
    if (link) set(link, { display: "none" });
    set(frame, { visibility: "visible" });
    tell("loaded");
  };
  let late = setTimeout(() => {
    removeEventListener("message", hear);
    frame.remove();
    set(box, { "min-height": 0, height: "auto" });
    tell("failed");
  }, 5000);
  addEventListener("message", hear);
  frame.addEventListener("load", () => { if (late) frame.contentWindow.postMessage({ petition: "hello" }, host); });
  frame.src = address;
})();
