// Shows a campaign's form where its link stands, on a partner's page. The link gives way once the
// form says that it is there; if it has not within five seconds, the form goes and the link stays.
// docs/partners.md says what may stand on the script's tag.
(() => {
  "use strict";

  const script = document.currentScript;
  if (!script) return;
  const { campaign, partner, lang = document.documentElement.lang, theme, accent, height, open } = script.dataset;
  const host = new URL(script.src).origin;
  const before = (link) => link.origin === host && link.compareDocumentPosition(script) & Node.DOCUMENT_POSITION_FOLLOWING;
  const link = [...document.querySelectorAll("a[href]")].filter(before).pop();

  const address = new URL(`/embed/${campaign}`, host);
  const asked = { partner, lang, theme, accent: accent?.replace("#", "") };
  for (const [name, value] of Object.entries(asked)) if (value) address.searchParams.set(name, value);

  // The room is kept from the start, so that nothing below moves when the form is there. Where even
  // that would move something that is seen, or with data-open="click", there is none until the link
  // is clicked: then nothing moves by itself at all.
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
  let waits = open === "click" && Boolean(link);
  const place = (node) => {
    const range = document.createRange();
    range.selectNode(node);
    return range.getBoundingClientRect();
  };
  const seen = () => {
    const found = [];
    for (let each = box; each.parentElement && each !== document.body; each = each.parentElement)
      for (const node of each.parentElement.childNodes) {
        const { top, bottom, height } = place(node);
        if (node !== each && height && bottom > 0 && top < innerHeight) found.push([node, top]);
      }
    return found;
  };
  const room = Number(height) || (box.clientWidth < 520 ? 1700 : 1500);
  let high = room;
  // Less than was kept is taken where its end is not in sight: nothing that is seen moves by that.
  const least = (told) => Number(height) || (waits || box.getBoundingClientRect().top + told > innerHeight ? 0 : room);
  const show = () => {
    set(box, { height: `${high}px`, "min-height": 0 });
    if (link) set(link, { display: "none" });
    set(frame, { visibility: "visible" });
  };
  if (!waits) {
    const before = seen();
    set(box, { "min-height": `${room}px` });
    // Looked at before it is drawn: nobody sees it move.
    waits = Boolean(link) && open !== "now" && before.some(([node, top]) => Math.abs(place(node).top - top) > 1);
    if (waits) set(box, { "min-height": 0 });
  }

  const tell = (event) => box.dispatchEvent(new CustomEvent(`petition:${event}`, { bubbles: true, detail: { campaign } }));
  const hear = ({ source, origin, data }) => {
    if (source !== frame.contentWindow || origin !== host) return;
    if (!["ready", "height"].includes(data?.petition) || !Number.isFinite(data.height)) return;
    high = Math.min(Math.max(data.height, least(data.height)), 9999);
    if (data.petition === "ready" && late) {
      late = clearTimeout(late);
      if (waits) link.addEventListener("click", unfold);
      else show();
      tell("loaded");
    } else if (!waits && !late) show();
  };
  const unfold = (event) => {
    if (event.ctrlKey || event.metaKey || event.shiftKey) return;
    event.preventDefault();
    waits = false;
    show();
    frame.focus();
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
