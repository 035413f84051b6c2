// What a browser can add: its share sheet, the clipboard, a quick way out. All works without it.
(() => {
  "use strict";

  const each = (selector, action) => document.querySelectorAll(selector).forEach(action);

  each("[data-button]", (place) => {
    const button = document.createElement("button");
    button.type = "button";
    button.className = place.className;
    button.textContent = place.dataset.button;
    Object.assign(button.dataset, place.dataset);
    place.replaceWith(button);
  });

  if (navigator.share) {
    each("[data-share]", (place) => {
      const button = place.querySelector("button");
      const { title, text, url } = button.dataset;
      button.addEventListener("click", () => {
        navigator.share({ title, text, url }).catch(() => {}); // closed again, nothing shared
      });
      place.hidden = false;
    });
  }

  if (navigator.clipboard) {
    each("[data-clipboard]", (place) => {
      const said = place.querySelector("[role=status]");
      const done = () => { said.textContent = said.dataset.done; };
      const failed = () => getSelection().selectAllChildren(document.getElementById(place.dataset.clipboard || "share-text"));
      place.addEventListener("click", (event) => {
        const { copy } = event.target.dataset;
        if (!copy) return;
        said.textContent = "";
        // Said a moment after it was emptied, or a second time would be heard by nobody.
        navigator.clipboard.writeText(copy).then(() => setTimeout(done, 50), failed);
      });
      place.hidden = false;
    });
  }

  // Out: this page leaves the history, its words leave the screen at once, and the other side is
  // not told where the visitor came from.
  const exit = document.querySelector("[data-quick-exit]");
  if (exit) {
    const leave = () => {
      const silent = document.createElement("meta");
      silent.name = "referrer";
      silent.content = "no-referrer";
      document.head.append(silent);
      document.title = "";
      document.body.replaceChildren();
      location.replace(exit.href);
    };
    let presses = [];
    exit.addEventListener("click", (event) => {
      event.preventDefault();
      leave();
    });
    document.addEventListener("keydown", (event) => {
      if (event.repeat) return;
      const now = event.timeStamp;
      presses = event.key === "Escape" ? [...presses, now].filter((at) => now - at < 3000) : [];
      if (presses.length === 3) leave();
    });
  }
})();
