// The page of a comparison: success by lag, cell and size, with links to the networks, then the other results.

function start() {
  const page = readDocument();
  document.getElementById("page").append(...[
    el("header", {},
      el("h1", {}, `Comparison: ${page.study}`),
      page.question ? el("p", { class: "lead" }, page.question) : null,
      el("p", { class: "hint" }, `${count(page.done)} of ${count(page.of)} networks trained`, page.holdfast ? ` · written by holdfast ${page.holdfast}` : "")),
    page.verdicts && page.verdicts.length ? section("verdicts", "Verdicts", page.verdicts.map(claim)) : null,
    section("success", "Success rate by cell, size and lag",
      el("p", { class: "note" }, page.note),
      page.grids.map(successGrid)),
    page.curves.length ? section("curves", "Results against the lag", page.curves.map(drawPart)) : null,
    section("figures", "All figures", page.tables.map(drawPart)),
  ].filter(Boolean));
  document.documentElement.dataset.ready = String(Math.round(performance.now()));
}

function claim({ claim, verdict, why, figures }) {
  return el("div", { class: "text" },
    el("h4", {}, `${claim}: ${verdict}`),
    el("p", {}, why),
    el("ul", { class: "hint" }, Object.entries(figures).map(([name, value]) => el("li", {}, `${name}: ${value === null ? "-" : value}`))));
}

/** A table whose cells are links, which also work without a mouse and in a saved page. */
function successGrid({ title, lags, rows }) {
  return el("div", { class: "scroll" },
    el("table", { class: "success" },
      el("caption", {}, title),
      el("thead", {}, el("tr", {}, el("th", { scope: "col" }, "cell"), el("th", { scope: "col" }, "units"), lags.map((lag) => el("th", { scope: "col" }, `lag ${count(lag)}`)))),
      el("tbody", {}, rows.map((row) => el("tr", {},
        el("th", { scope: "row" }, row.name),
        el("th", { scope: "row" }, String(row.units)),
        row.places.map(place))))));
}

function place(found) {
  if (!found) return el("td", {}, el("span", {}, "-"));
  const share = found.solved / found.of;
  const words = [`${found.solved} / ${found.of}`, el("small", {}, `${percent(found.low)}-${percent(found.high)} %`)];
  const label = `${found.label}: ${found.solved} of ${found.of} solved; ${found.href ? "show a network" : "no network is stored"}`;
  return el("td", { style: `background: rgba(0, 114, 178, ${(0.75 * share).toFixed(3)})` },
    found.href ? el("a", { href: found.href, title: label, "aria-label": label }, words) : el("span", { title: label }, words));
}

function percent(share) {
  return String(Math.round(100 * share));
}
