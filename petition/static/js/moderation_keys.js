// Keys for the queue of names: one key presses the button of the name that is marked. The page does
// the same by its buttons alone. A key alone can be pressed by mistake, or by software that types
// what is spoken, so they can be switched off (WCAG 2.1.4).
(() => {
  "use strict";

  const keys = document.querySelector("[data-keys]");
  const onOff = document.getElementById("keys-on");
  const items = [...document.querySelectorAll(".reviews > li")];
  const OFF = "moderation-keys-off";
  const PLACE = "moderation-place";

  // A browser may keep nothing for a page: keys then are on, and begin at the first name.
  const kept = (store, name) => { try { return window[store].getItem(name); } catch { return null; } };
  const keep = (store, name, value) => {
    try {
      if (value === null) window[store].removeItem(name);
      else window[store].setItem(name, value);
    } catch { /* so be it */ }
  };

  let place = -1;
  const mark = (next) => {
    items[place]?.removeAttribute("aria-current");
    place = next;
    if (onOff.checked) items[place]?.setAttribute("aria-current", "true");
  };

  const move = (step) => {
    const next = Math.min(Math.max(place + step, 0), items.length - 1);
    if (next < 0) return;
    mark(next);
    items[next].focus();
  };

  // The next page's name in the same place is the one that came after this.
  const press = (button) => {
    keep("sessionStorage", PLACE, String(place));
    button.click();
  };

  onOff.checked = kept("localStorage", OFF) === null;
  onOff.addEventListener("change", () => {
    keep("localStorage", OFF, onOff.checked ? null : "yes");
    mark(place);
  });
  keys.hidden = false;

  for (const [index, item] of items.entries()) {
    item.tabIndex = -1;
    item.addEventListener("focusin", () => mark(index));
  }
  const before = Number(kept("sessionStorage", PLACE) ?? 0);
  keep("sessionStorage", PLACE, null);
  mark(Math.min(before, items.length - 1));
  if (before && location.hash === "#list") items[place]?.scrollIntoView({ block: "center" });

  let pressed = false;
  // Back from the page's own past, keys work again.
  addEventListener("pageshow", () => { pressed = false; });

  const isHeld = (event) =>
    event.ctrlKey || event.altKey || event.metaKey || event.shiftKey
    || ["AltGraph", "Fn", "OS", "Hyper", "Super"].some((each) => event.getModifierState(each));
  const isInField = (element) => element?.closest("input, select, textarea, [contenteditable]");
  // By the letter on the key; where the keyboard writes no Latin letters, by the key's place.
  const letterOf = (event) => {
    if (/^[a-z]$/i.test(event.key)) return event.key.toLowerCase();
    return /^\p{L}$/u.test(event.key) ? event.code.replace(/^Key/, "").toLowerCase() : "";
  };

  document.addEventListener("keydown", (event) => {
    if (!onOff.checked || pressed || event.repeat || event.isComposing || event.defaultPrevented) return;
    if (isHeld(event) || isInField(document.activeElement)) return;
    const letter = letterOf(event);
    if (letter === "j" || letter === "k") {
      move(letter === "j" ? 1 : -1);
      return;
    }
    const within = letter === "u" ? document : items[place];
    const button = /^[anru]$/.test(letter) && within?.querySelector(`[data-key="${letter}"]`);
    if (!button) return;
    pressed = true;
    press(button);
  });
})();
