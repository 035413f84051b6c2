// In a frame on a partner's site: tells the page around it how high the form is, and nothing else.
// Where the form could not be sent, a button to the petition's own page stands in its place.
(() => {
  "use strict";

  // What was sent back, or the thanks: browsers leave autofocus in a frame undone.
  document.querySelector("[data-focus]")?.focus();

  // Only the form as it is first shown names the sites that it speaks to. What comes after sending
  // is silent, and has the same height whatever became of the form: no page that shows it can tell.
  const main = document.querySelector("[data-sites]");
  if (!main || parent === window) return;
  const sites = main.dataset.sites.split(" ");
  const messages = JSON.parse(main.dataset.messages);

  // A sandbox may keep forms from being sent: then nothing hears that this one is about to be.
  const elsewhere = document.getElementById("elsewhere");
  const mayBeSent = () => {
    const form = document.createElement("form");
    let heard = false;
    form.addEventListener("submit", (event) => {
      heard = true;
      event.preventDefault();
    });
    form.hidden = true;
    main.append(form);
    form.requestSubmit();
    form.remove();
    return heard;
  };
  const isForm = !elsewhere || mayBeSent();
  if (!isForm) {
    document.getElementById("sign").hidden = true;
    elsewhere.hidden = false;
  }

  // WordPress shows frames of sites that it does not know in such a sandbox. It puts a secret behind
  // the address, takes a height from 200 to 1000, and follows a link to the frame's own host.
  const [, secret] = /[?&]secret=([0-9A-Za-z]+)$/.exec(location.hash) ?? [];
  if (secret) {
    // It holds nothing but what stands here; and only the partner's pages can be around us.
    const say = (message, value) => parent.postMessage({ message, value, secret }, "*");
    const sayHeight = () => say("height", Math.min(Math.max(Math.ceil(main.getBoundingClientRect().height), 200), 1000));
    addEventListener("message", (event) => {
      if (event.source === parent && event.data?.message === "ready") sayHeight();
    });
    document.addEventListener("click", (event) => {
      const link = event.target.closest?.("a[href]");
      if (isForm || link?.host !== location.host) return;
      event.preventDefault();
      say("link", link.href);
    });
    // It hides the frame until it hears from it, and nothing is drawn, or observed, that is not seen.
    sayHeight();
    new ResizeObserver(sayHeight).observe(main);
    return;
  }

  // What a form that is sent back says above itself and beside its fields, in the place of the ask.
  const spoken = (tag, text) => {
    const element = document.createElement(tag);
    element.textContent = text;
    return element;
  };
  const named = ([field, text]) => {
    const label = document.querySelector(`label[for="${field}"]`);
    return spoken("li", label ? `${label.textContent}: ${text}` : text);
  };
  const heightOf = (selector) => [...document.querySelectorAll(selector)]
    .reduce((sum, each) => sum + each.getBoundingClientRect().height, 0);
  const room = () => {
    const ruler = document.createElement("div");
    const summary = document.createElement("div");
    const list = document.createElement("ul");
    ruler.className = "ruler wrap";
    summary.className = "error-summary";
    list.append(...messages.map(named));
    summary.append(spoken("h2", messages[0]?.[1] ?? ""), list);
    ruler.append(summary);
    for (const [, text] of messages) {
      const problem = spoken("p", text);
      problem.className = "problem";
      ruler.append(problem);
    }
    main.append(ruler);
    const { height } = ruler.getBoundingClientRect();
    ruler.remove();
    // Fields that stand side by side stand below each other then. The rest is space around messages.
    // In a narrow frame a word more wraps here and there (measured down to 200 pixels, in Arabic).
    const wraps = innerWidth < 320 ? 96 : 32;
    return Math.max(0, height + heightOf(".pair") + 28 * messages.length + wraps - heightOf("[data-ask]"));
  };

  let site = "";
  let width = 0;
  let highest = 0;
  const tell = (petition) => {
    if (width !== innerWidth) {
      width = innerWidth;
      highest = 0;
    }
    highest = Math.max(highest, Math.ceil(main.getBoundingClientRect().height + room()));
    parent.postMessage({ petition, height: highest }, site);
  };
  addEventListener("message", (event) => {
    if (event.source !== parent || !sites.includes(event.origin) || event.data?.petition !== "hello") return;
    site = event.origin;
    // What we ask for stands in the room that is kept: a form that is sent back is without it.
    for (const each of document.querySelectorAll("[data-ask]")) each.hidden = false;
    tell("ready");
  });
  new ResizeObserver(() => { if (site) tell("height"); }).observe(main);
})();
