// The clauses of the explanation with their figures, and the diagnostics.

function wordsPanel(model) {
  const { words, findings } = model.page;
  return [
    words.length ? el("ul", { class: "words" }, words.map((clause) => wordsLine(model, clause))) : null,
    findings.length ? el("h3", {}, "Diagnostics") : null,
    ...findings.map(finding),
  ].filter(Boolean);
}

function wordsLine(model, { text, units = [], role = "", figures = {} }) {
  const { memory, places, place_name: name, layers } = model.page.network;
  const depth = (n) => (figures.layers?.[n] ?? figures.layer ?? layers) - 1;
  const row = (unit) => model.units.indexOf(((unit - 1) * memory) / places + 1); // the first component of a head
  const shown = units.map((unit, n) => ({ unit, layer: depth(n) })).filter(({ unit }) => row(unit) >= 0).slice(0, 8);
  const links = shown.map(({ unit, layer }) =>
    el("button", { type: "button", "aria-label": `show ${name} ${unit}${layers > 1 ? ` of layer ${layer + 1}` : ""}`, onclick: () => {
      model.pick(row(unit), layer);
      document.getElementById("page").scrollIntoView({ block: "start" });
    } }, `${name} ${unit}`));
  const numbers = Object.entries(figures).filter(([, value]) => value === null || typeof value !== "object").slice(0, 8);
  return el(
    "li",
    {},
    role ? el("span", { class: "role" }, role) : null,
    text.charAt(0).toUpperCase() + text.slice(1),
    links,
    numbers.length ? el("dl", { class: "numbers" }, numbers.map(([name, value]) => el("div", {}, el("dt", {}, name.replaceAll("_", " ")), el("dd", {}, typeof value === "number" ? show(value) : String(value ?? "none"))))) : null,
  );
}

/** A collapsed diagnostic; its contents are drawn when it is first opened. */
function finding({ name, sentence, parts }) {
  const body = el("div", {});
  const whole = el("details", {}, el("summary", {}, el("strong", {}, name.replaceAll("_", " ")), sentence || "nothing to report"), body);
  whole.addEventListener("toggle", () => {
    if (whole.open && !body.childElementCount) body.append(...(parts.length ? parts.map(drawPart) : [el("p", { class: "note" }, "No plot.")]));
  });
  return whole;
}
