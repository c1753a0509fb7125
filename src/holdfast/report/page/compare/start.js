// The page of a comparison: its answer, success over the lag, the grid with links to the networks, then all figures.

function start() {
  const page = readDocument();
  const looks = lineLooks(page.curves);
  document.getElementById("page").append(...[
    el("header", {},
      el("h1", {}, page.title),
      el("p", { class: "lead" }, page.answer),
      el("p", { class: "hint" }, el("span", { class: "mono" }, page.study), ` · ${count(page.done)} of ${count(page.of)} networks trained`, page.holdfast ? ` · written by holdfast ${page.holdfast}` : "")),
    page.curves.length ? section("curves", "Success over the lag", page.curves.map((part) => successChart(part, looks)), el("p", { class: "hint" }, "A mark is the share of networks that solved the task, the bar its 95 % interval. Marks at one lag are drawn beside each other.")) : null,
    section("success", "By cell, size and lag", page.grids.map(successGrid)),
    page.verdicts && page.verdicts.length ? section("verdicts", "Claims", page.verdicts.map(claim)) : null,
    el("details", { class: "drawer", id: "figures" }, el("summary", {}, el("h2", {}, "All figures")), el("p", { class: "note" }, page.note), page.tables.map(drawPart)),
  ].filter(Boolean));
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

function claim({ claim, verdict, why, figures }) {
  return el("details", { class: "claim" },
    el("summary", {}, el("strong", {}, `${claim}: ${verdict}`), " ", why),
    el("ul", { class: "hint" }, Object.entries(figures).map(([name, value]) => el("li", {}, `${name}: ${value === null ? "-" : value}`))));
}

/** A table whose cells are links, which also work without a mouse and in a saved page. */
function successGrid({ title, lags, rows }, number) {
  return el("div", {},
    el("h3", { id: `grid-${number}` }, title),
    el("div", { class: "scroll" },
      el("table", { class: "success", "aria-labelledby": `grid-${number}` },
        el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "cell"), el("th", { scope: "col" }, "units"), lags.map((lag) => el("th", { scope: "col" }, `lag ${count(lag)}`)))),
        el("tbody", {}, rows.map((row) => el("tr", {},
          el("th", { scope: "row" }, row.name),
          el("th", { scope: "row" }, String(row.units)),
          row.places.map(place)))))));
}

function place(found) {
  if (!found) return el("td", {}, el("span", {}, "-"));
  const share = found.solved / found.of;
  const words = [`${found.solved} / ${found.of}`, el("small", {}, `${percent(found.low)} to ${percent(found.high)} %`)];
  const label = `${found.label}: ${found.solved} of ${found.of} solved; ${found.href ? "show a network" : "no network is stored"}`;
  return el("td", { style: `background: rgba(0, 114, 178, ${(0.45 * share).toFixed(3)})` },
    found.href ? el("a", { href: found.href, title: label, "aria-label": label }, words) : el("span", { title: label }, words));
}

function percent(share) {
  return String(Math.round(100 * share));
}
