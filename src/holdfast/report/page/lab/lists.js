// Lists of buttons that change while a network trains: buttons stay where they are, so that the focus does.

/** Gives `parent` one button for every item, described by `fill(button, item, n)`. A click calls `chosen(item, n)` with the item
 * that the button has then. */
function buttonsOf(parent, items, attributes, fill, chosen) {
  while (parent.children.length > items.length) parent.lastChild.remove();
  while (parent.children.length < items.length) {
    const button = el("button", { type: "button", ...attributes });
    button.addEventListener("click", () => {
      const n = [...parent.children].indexOf(button);
      chosen(parent.items[n], n);
    });
    parent.append(button);
  }
  parent.items = items;
  items.forEach((item, n) => fill(parent.children[n], item, n));
}

/** Sets a text or an attribute only where it differs, since a change costs a layout. */
function setText(element, text) {
  if (element.textContent !== text) element.textContent = text;
}

function setState(element, name, value) {
  if (element.getAttribute(name) !== String(value)) element.setAttribute(name, value);
}
