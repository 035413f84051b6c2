// What a machine can tell of a page's access beyond axe. Each function returns a list of findings.
({
  // What these checks find, each with the check's name.
  all(checks) {
    return checks.flatMap((check) => this[check]().map((each) => `${check}: ${each}`));
  },

  // The same while text is twice as large: the page is laid out so, and need not be painted.
  inLargeText(checks) {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync("html { font-size: 200% !important; }");
    document.adoptedStyleSheets = [sheet];
    const found = this.all(checks);
    document.adoptedStyleSheets = [];
    return found;
  },

  visible(element) {
    const style = getComputedStyle(element);
    const box = element.getBoundingClientRect();
    return (
      style.visibility === "visible" && box.width > 1 && box.height > 1 &&
      !element.closest(".visually-hidden, .trap, [hidden]") && element.checkVisibility()
    );
  },

  called(element) {
    const words = (element.innerText || element.value || element.id || "").trim().slice(0, 40);
    return `<${element.tagName.toLowerCase()} ${element.id || element.className}> ${words}`;
  },

  // Nothing sticks out: no scrolling from side to side, save in what is made to scroll.
  overflow() {
    const room = document.documentElement.clientWidth;
    const wide = document.scrollingElement.scrollWidth;
    if (wide <= room) return [];
    const out = [...document.body.querySelectorAll("*")].filter((each) => {
      const box = each.getBoundingClientRect();
      return this.visible(each) && !each.closest(".scroll") && (box.right > room + 1 || box.left < -1);
    });
    return [`${wide} px in a window of ${room}: ${out.slice(0, 3).map(this.called).join(" | ")}`];
  },

  // WCAG 2.5.8: 24 px both ways, except for links that stand inside a sentence.
  targets() {
    const found = [];
    for (const each of document.querySelectorAll("a[href], button, input, select, textarea, summary")) {
      if (each.type === "hidden" || !this.visible(each)) continue;
      const inline = each.matches("a") && getComputedStyle(each).display === "inline";
      if (inline) {
        const block = each.closest("p, li, dd, dt, td, th, sup, bdi");
        if (block && block.innerText.trim().length > each.innerText.trim().length + 3) continue;
        if (each.closest("sup")) continue;
      }
      const box = (each.closest("label") ?? each).getBoundingClientRect();
      if (box.width < 24 || box.height < 24) {
        found.push(`${Math.round(box.width)}×${Math.round(box.height)}: ${this.called(each)}`);
      }
    }
    return found;
  },

  // One heading says what the page is, and none skips a level below it.
  outline() {
    const levels = [...document.querySelectorAll("h1, h2, h3, h4")].map((each) => Number(each.tagName[1]));
    const found = levels.filter((each) => each === 1).length === 1 ? [] : ["not one h1"];
    const main = levels.slice(levels.indexOf(1));
    return main.some((each, i) => each > (main[i - 1] ?? each) + 1) ? [...found, `levels: ${main}`] : found;
  },

  // Text in another script than the page's is marked as what it is, save names and single words.
  languages() {
    const page = document.documentElement.lang;
    const found = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const text = walker.currentNode.data.trim();
      const place = walker.currentNode.parentElement;
      if (!text || place.closest("script, style, select, textarea, code, .name, .who, .address")) continue;
      const spoken = place.closest("[lang]").lang;
      const arabic = /\p{Script=Arabic}{2}/u.test(text);
      const latin = /(?:\p{Script=Latin}{3,}[\s,.’]+){3}/u.test(text);
      if (arabic && spoken !== "ar") found.push(`Arabic in ${spoken}: ${text.slice(0, 60)}`);
      if (latin && !arabic && spoken === "ar") found.push(`Latin script in Arabic: ${text.slice(0, 60)}`);
    }
    return page ? found : ["the page does not say its language", ...found];
  },

  // What a browser can fill in for people, it is told (WCAG 1.3.5).
  tokens() {
    const known = {
      given_name: ["given-name"], family_name: ["family-name"], email: ["email", "username"],
      country: ["country"], postcode: ["postal-code"], code: ["one-time-code"],
      password: ["current-password", "new-password"],
    };
    // An owner types somebody else's: their own is not what helps.
    if (/^\/staff\/(people|lost-factor)/.test(location.pathname)) known.email = ["off"];
    // Staff look for other people's countries.
    if (location.pathname.startsWith("/staff/")) known.country = ["off"];
    return [...document.querySelectorAll("input, select")]
      .filter((each) => known[each.name] && each.type !== "hidden")
      .filter((each) => !known[each.name].includes(each.autocomplete))
      .map((each) => `${each.name} says autocomplete=${each.autocomplete}`);
  },

  // The summary has the focus, and each line of it leads to a field that says the same.
  summary() {
    const summary = document.querySelector(".error-summary");
    if (!summary) {
      const wrong = document.querySelectorAll("[aria-invalid=true]");
      return [...wrong].filter((each) => each !== document.activeElement).map((each) => `no way to ${each.id}`);
    }
    const found = [];
    if (document.activeElement !== summary) found.push("the summary has no focus");
    if (summary.getAttribute("role") !== "alert") found.push("the summary is no alert");
    if (!summary.querySelector("a[href^='#']")) found.push("the summary leads nowhere");
    const led = [...summary.querySelectorAll("a[href^='#']")].map((each) => document.getElementById(each.hash.slice(1)));
    const after = Node.DOCUMENT_POSITION_FOLLOWING;
    if (!led.every((each, i) => !i || !each || !(each.compareDocumentPosition(led[i - 1]) & after))) {
      found.push("the summary is in another order than the form");
    }
    for (const link of summary.querySelectorAll("a[href^='#']")) {
      const field = document.getElementById(link.hash.slice(1));
      if (!field) {
        found.push(`${link.hash} is not there`);
        continue;
      }
      const group = field.closest("[role=radiogroup]");
      const said = [field, group].map((each) => each?.getAttribute("aria-describedby") ?? "").join(" ");
      const there = said.split(" ").filter(Boolean).map((id) => document.getElementById(id));
      if (field.tagName === "BUTTON") continue;
      if (!there.length || there.includes(null)) found.push(`${link.hash} is not described`);
      const beside = there.map((each) => each?.innerText ?? "").join(" ").replace(/\s+/g, " ");
      const words = link.innerText.replace(/\s+/g, " ").split(": ").pop();
      if (!beside.includes(words)) found.push(`${link.hash} says “${beside}”, not “${words}”`);
    }
    return found;
  },

  // What a browser does as it draws a page first: unless something has the focus or is led to, what
  // asks for the focus first gets it.
  focusAsIfDrawn() {
    if (document.activeElement !== document.body || document.querySelector(":target")) return;
    document.querySelector("[autofocus]")?.focus();
  },

  // With reduced motion nothing moves.
  motion() {
    const found = [];
    const still = (time) => time.split(",").every((each) => parseFloat(each) === 0);
    for (const each of document.querySelectorAll("*")) {
      for (const part of [null, "::before", "::after"]) {
        const style = getComputedStyle(each, part);
        if (!still(style.transitionDuration) || !still(style.animationDuration)) found.push(this.called(each));
      }
    }
    if (getComputedStyle(document.documentElement).scrollBehavior === "smooth") found.push("smooth scrolling");
    if (document.querySelector("audio, video")) found.push("sound or film: let axe preload it");
    return found;
  },

  // In forced colours the reader's own palette holds, in words as in borders. (axe reads a property
  // that browsers do not force.)
  palette() {
    const found = [];
    const parts = (colour) => (colour.match(/[\d.]+/g) ?? []).map(Number);
    const light = (colour) => {
      const [r, g, b] = parts(colour).map((each) => each / 255).map((each) => (each <= 0.04045 ? each / 12.92 : ((each + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const place = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || place.closest("script, option") || !this.visible(place)) continue;
      let ground = place;
      while (ground && (parts(getComputedStyle(ground).backgroundColor)[3] ?? 1) === 0) ground = ground.parentElement;
      const [one, other] = [getComputedStyle(place).color, ground ? getComputedStyle(ground).backgroundColor : "rgb(0, 0, 0)"].map(light);
      const ratio = (Math.max(one, other) + 0.05) / (Math.min(one, other) + 0.05);
      if (ratio < 4.5) found.push(`${ratio.toFixed(1)}: ${this.called(place)}`);
    }
    return found;
  },

  // In forced colours a control is known by its border.
  borders() {
    const found = [];
    const native = "[type=radio], [type=checkbox], [type=hidden]";
    for (const each of document.querySelectorAll("input, select, textarea, button, .button, .card, .quick-exit")) {
      if (each.matches(native) || !this.visible(each)) continue;
      const style = getComputedStyle(each);
      const border = parseFloat(style.borderBlockEndWidth) >= 1 && style.borderBlockEndStyle !== "none";
      if (!border || style.borderBlockEndColor === style.backgroundColor) found.push(this.called(each));
    }
    return found;
  },

  // Larger text is cut off nowhere and lies on no other text.
  squeezed() {
    const found = [];
    for (const each of document.body.querySelectorAll("*")) {
      if (!this.visible(each) || each.matches("input, textarea, select, progress, svg, svg *, img")) continue;
      const style = getComputedStyle(each);
      const cut = (way) => way !== "visible" && !each.matches(".scroll");
      if (cut(style.overflowX) && each.scrollWidth > each.clientWidth + 1) found.push(`cut: ${this.called(each)}`);
      if (cut(style.overflowY) && each.scrollHeight > each.clientHeight + 1) found.push(`cut: ${this.called(each)}`);
    }
    const texts = [];
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
    while (walker.nextNode()) {
      const place = walker.currentNode.parentElement;
      if (!walker.currentNode.data.trim() || !this.visible(place)) continue;
      if (place.closest("script, select, textarea, .skip, .scroll")) continue;
      const range = document.createRange();
      range.selectNodeContents(walker.currentNode);
      for (const box of range.getClientRects()) {
        // Of a line's height only the middle holds letters for certain.
        const rim = box.height * 0.3;
        texts.push({ place, x1: box.left, x2: box.right, y1: box.top + rim, y2: box.bottom - rim });
      }
    }
    texts.sort((a, b) => a.y1 - b.y1);
    texts.forEach((one, i) => {
      for (let j = i + 1; j < texts.length && texts[j].y1 < one.y2; j += 1) {
        const other = texts[j];
        if (one.place === other.place) continue;
        const across = Math.min(one.x2, other.x2) - Math.max(one.x1, other.x1);
        const down = Math.min(one.y2, other.y2) - Math.max(one.y1, other.y1);
        if (across > 2 && down > 2) found.push(`on each other: ${this.called(one.place)} | ${this.called(other.place)}`);
      }
    });
    return found;
  },

  // From here on, each element that gets the focus is looked at as it gets it.
  watchFocus() {
    const stops = (window.focusStops = []);
    document.addEventListener("focusin", ({ target }) => {
      const shown = target.closest(".choice") ?? target;
      const styles = [target, shown].map((each) => getComputedStyle(each));
      const outlined = styles.some((each) => each.outlineStyle !== "none" && parseFloat(each.outlineWidth) >= 2);
      // Of what is taller than the window, as a table may be, some part is enough.
      const box = target.getClientRects()[0] ?? target.getBoundingClientRect();
      const [top, end] = [Math.max(box.top, 0), Math.min(box.bottom, innerHeight)];
      const above = document.elementFromPoint(box.left + box.width / 2, (top + end) / 2);
      const free = above && (target.contains(above) || above.contains(target) || above.closest("label")?.contains(target));
      stops.push({
        element: target,
        problem: [
          !outlined && target.id !== "main" ? "shows no focus" : "",
          !free ? `is covered by ${above ? this.called(above) : "the edge of the window"}` : "",
        ].filter(Boolean).map((what) => `${this.called(target)} ${what}`).join("; "),
      });
    });
  },

  usable() {
    const all = "a[href], button, input, select, textarea, summary, [tabindex='0']";
    return [...document.querySelectorAll(all)]
      .filter((each) => this.visible(each) && each.tabIndex >= 0 && !each.disabled && each.type !== "hidden");
  },

  // Tab begins at the top: what had the focus would otherwise be where it goes on from. Returns how
  // often it can be pressed at least before it comes to the end; of radios in a group it stops at one.
  beginAtTop() {
    scrollTo(0, 0);
    document.activeElement.blur();
    document.body.tabIndex = -1;
    document.body.focus();
    document.body.removeAttribute("tabindex");
    window.focusStops.length = 0;
    const stops = this.usable().map((each) => (each.type === "radio" ? each.name : each));
    return Math.max(new Set(stops).size - 2, 0);
  },

  // Nothing has the focus. On its way out of a frame that is so for a moment as well.
  isAtTheEnd() {
    if (document.activeElement !== document.body) return false;
    return !document.querySelector("iframe") || this.missed().length === 0;
  },

  // After Tab went round: all that can be used was reached (of a group of radios, one).
  reached() {
    const missed = this.missed().map((each) => `Tab never reaches ${this.called(each)}`);
    return [...window.focusStops.map((each) => each.problem).filter(Boolean), ...missed];
  },

  missed() {
    const at = new Set(window.focusStops.map((each) => each.element));
    const groups = new Set([...at].filter((each) => each.type === "radio").map((each) => each.name));
    return this.usable().filter((each) => !at.has(each) && !(each.type === "radio" && groups.has(each.name)));
  },
})
