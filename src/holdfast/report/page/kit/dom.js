// Functions that create elements. Text is always inserted as text; no page parses data as markup.

const SVG = "http://www.w3.org/2000/svg";

/** `el("p", {class: "note", onclick: f}, "text", child)`; null and false children are left out. */
function el(name, attributes = {}, ...children) {
  return filled(document.createElement(name), attributes, children);
}

/** The same for SVG elements. */
function draw(name, attributes = {}, ...children) {
  return filled(document.createElementNS(SVG, name), attributes, children);
}

function filled(element, attributes, children) {
  for (const [key, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (key.startsWith("on")) element.addEventListener(key.slice(2), value);
    else element.setAttribute(key, value === true ? "" : value);
  }
  element.append(...children.flat().filter((child) => child !== null && child !== undefined && child !== false));
  return element;
}

/** A section with a heading, which is also its accessible name. */
function section(id, title, ...children) {
  return el("section", { id, "aria-labelledby": `${id}-title` }, el("h2", { id: `${id}-title` }, title), ...children);
}

/** Calls `change` at most once per frame, with the last arguments: drag events may be more frequent than frames. */
function everyFrame(change) {
  let waiting = null;
  return (...given) => {
    const asked = waiting !== null;
    waiting = given;
    if (!asked) {
      requestAnimationFrame(() => {
        const last = waiting;
        waiting = null;
        change(...last);
      });
    }
  };
}

/** Calls `then` with every new width of `element` (and once at first). */
function onWidth(element, then) {
  let width = 0;
  new ResizeObserver(([entry]) => {
    const now = Math.floor(entry.contentRect.width);
    if (now > 0 && now !== width) then((width = now));
  }).observe(element);
}

/** Puts a cursor over cell `place` of `count` adjacent cells that start at `left` and have the total width `width`. The
 * cursor is a frame around the cell, or a line if there is no room. */
function putCursor(cursor, place, count, width, left = 0) {
  const each = width / count;
  const wide = each >= 9;
  cursor.hidden = false;
  cursor.classList.toggle("window", wide);
  cursor.style.width = `${wide ? each : 3}px`;
  cursor.style.transform = `translateX(${left + (wide ? place * each : (place + 0.5) * each - 1.5)}px)`;
}

/** Calls `then` whenever the colour theme changes. */
function onTheme(then) {
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", then);
}
