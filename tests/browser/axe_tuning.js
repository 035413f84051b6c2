// Run after axe: what it would find out again and again on one page, it finds out once.
(() => {
  // Most elements have one of a few colours, and each would be taken to pieces anew for each
  // element. A colour that axe cannot read is none to remember.
  const colour = axe.commons.color.Color.prototype;
  const read = colour.parseString;
  const known = new Map();
  colour.parseString = function (text) {
    if (known.has(text)) {
      [this.r, this.g, this.b, this.alpha] = known.get(text);
    } else {
      read.call(this, text);
      known.set(text, [this.r, this.g, this.b, this.alpha]);
    }
    return this;
  };

  // Words are drawn to see whether a font makes pictures of them. Only one that comes with the page
  // could: where none does, each letter fills its place.
  if (document.fonts.size === 0) {
    HTMLCanvasElement.prototype.getContext = () => ({
      canvas: {},
      measureText: ({ length }) => ({ width: 30 * length }),
      fillText() {},
      clearRect() {},
      getImageData: () => ({ data: new Uint8Array(4).fill(255) }),
    });
  }

  // Of texts that look the same on the same grounds, contrast is judged until one has enough. What
  // has too little, or lies on the edge of something, is judged each for itself.
  const rule = axe._audit.rules.find(({ id }) => id === "color-contrast");
  const check = axe._audit.checks["color-contrast"];
  const options = check.getOptions();
  const { matches } = rule;
  const range = document.createRange();
  let run, grounds, enough;

  // All that has a colour or a picture of its own, or lets through what is behind it.
  const ground = (element) => {
    const style = getComputedStyle(element);
    const { backgroundColor, backgroundImage, opacity, mixBlendMode } = style;
    const picture = element.matches("img, svg, canvas, video, object, iframe");
    const none = /^rgba\(.*, 0\)$/.test(backgroundColor) && backgroundImage === "none" && !picture;
    if (none && opacity === "1" && mixBlendMode === "normal") return [];
    const look = [backgroundColor, backgroundImage, opacity, mixBlendMode, picture, style.position, style.zIndex];
    return [{ element, look, inline: style.display === "inline", box: element.getBoundingClientRect() }];
  };

  const linesOf = (element, texts) => {
    const lines = texts.flatMap((each) => {
      range.selectNodeContents(each);
      return [...range.getClientRects()];
    });
    return lines.length ? lines : [element.getBoundingClientRect()];
  };

  const within = (line, box) =>
    line.left >= box.left && line.right <= box.right && line.top >= box.top && line.bottom <= box.bottom;
  const apart = (line, box) =>
    line.left >= box.right || line.right <= box.left || line.top >= box.bottom || line.bottom <= box.top;

  // All that contrast depends on; nothing where a part of the text may be on other grounds.
  const lookOf = (element, texts) => {
    const lines = linesOf(element, texts);
    const style = getComputedStyle(element);
    const look = [style.color, style.webkitTextFillColor, style.webkitTextStroke, style.textShadow, style.fontSize, style.fontWeight];
    for (const each of grounds) {
      const on = lines.every((line) => within(line, each.box));
      const around = each.element.contains(element);
      if (!on && !(around ? each.inline : lines.every((line) => apart(line, each.box)))) return null;
      if (on || around) look.push(around, each.look);
    }
    return look.join("|");
  };

  rule.matches = (element, node, context) => {
    if (run !== axe._tree) {
      run = axe._tree;
      grounds = [...document.querySelectorAll("html, body, body *")].flatMap(ground);
      enough = new Set();
    }
    const texts = [...element.childNodes].filter((each) => each.nodeType === Node.TEXT_NODE && each.data.trim());
    if (!texts.length && !element.matches("input, select, textarea")) return false;
    const look = lookOf(element, texts);
    if (enough.has(look)) return false;
    if (!matches.call(rule, element, node, context)) return false;
    let found = {};
    const helper = { data: (each) => (found = each), relatedNodes() {} };
    const passes = check.evaluate.call(helper, element, options, node, context);
    if (!passes || !found.bgColor || found.messageKey) return true;
    if (look) enough.add(look);
    return false;
  };
})();
