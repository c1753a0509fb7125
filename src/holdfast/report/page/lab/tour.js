// The guided tour: stops of one sentence and one action each. Teachers open a file of their own.

function tourPanel(lab) {
  let tour = lab.page.tour;
  let stop = 0;
  const place = el("span", { class: "stop" });
  const text = el("p", { class: "stop-text" });
  const act = el("button", { type: "button", class: "primary", id: "act" });
  const back = el("button", { type: "button", id: "back", onclick: () => go(stop - 1) }, "Back");
  const next = el("button", { type: "button", id: "next", onclick: () => go(stop + 1) }, "Next");
  const file = el("input", { type: "file", accept: ".json,application/json", id: "tour-file", class: "hidden", tabindex: -1, "aria-label": "a tour in a file" });
  const pick = el("button", { type: "button", onclick: () => file.click() }, "Open a tour…");
  const close = el("button", { type: "button", "aria-label": "close the tour", onclick: () => show(false) }, "✕");
  const problem = el("p", { class: "problem", role: "alert", hidden: true });
  const bar = el("section", { class: "tour", "aria-label": "Guided tour", hidden: true }, el("div", { class: "tour-said" }, place, text, problem), el("div", { class: "tour-acts" }, act, back, next, pick, file, close));
  const open = el("button", { type: "button", id: "tour", class: "primary", "aria-expanded": "false", onclick: () => show(bar.hidden) }, "Guided tour");

  function show(shown) {
    bar.hidden = !shown;
    open.setAttribute("aria-expanded", shown);
    if (shown) go(stop);
    else open.focus();
  }

  function go(to) {
    stop = Math.max(0, Math.min(tour.stops.length - 1, to));
    const { title, text: sentence, label } = tour.stops[stop];
    place.textContent = `${stop + 1} of ${tour.stops.length} · ${title}`;
    text.textContent = sentence;
    act.textContent = label;
    back.disabled = stop === 0;
    next.disabled = stop === tour.stops.length - 1;
    say("");
  }

  function say(words) {
    problem.textContent = words;
    problem.hidden = !words;
  }

  act.addEventListener("click", () => {
    document.querySelector(".tabs button:nth-child(2)").click();
    say(ACTS[tour.stops[stop].do](lab, tour.stops[stop]) || "");
  });
  file.addEventListener("change", async () => {
    const [chosen] = file.files;
    file.value = "";
    if (!chosen) return;
    let given = null;
    try {
      given = JSON.parse(await chosen.text());
    } catch {
      return say(`${chosen.name} is no JSON, so the tour stays as it is.`);
    }
    const wrong = tourMistake(given, lab.page);
    if (wrong) return say(`${chosen.name}: ${wrong}`);
    tour = given;
    go(0);
  });
  return { bar, open };
}

/** What a stop does; a text is what stands in the way. */
const ACTS = {
  train(lab, { set, epochs = null, step = null }) {
    lab.set({ ...(lab.now.constructed ? lab.page.settings : lab.now.settings), ...set });
    if (step) lab.go(step - 1);
    lab.play(epochs);
    return lab.now.problem.text;
  },
  reset(lab, { set = {} }) {
    lab.set({ ...lab.now.settings, ...set });
    return lab.now.problem.text;
  },
  exchange(lab) {
    if (!lab.now.traces.length) return "Train a network first.";
    lab.pause();
    lab.go(lab.now.deciding);
    exchange(lab);
    return "";
  },
  gate(lab, { gate = "keep", step = null }) {
    const cell = lab.cell();
    const named = cell.gates.includes(gate) ? gate : cell[gate] || cell.gates[0];
    lab.pause();
    lab.look({ gate: named, weight: null, step: Math.min(lab.now.length, step || lab.now.deciding + 1) - 1 });
    reveal("gate");
    return "";
  },
  weight(lab) {
    lab.pause();
    const [first] = productsOf(lab);
    if (!first) return "Choose a gate that has a number for every unit first.";
    lab.look({ weight: { map: first.map, from: first.from, gate: lab.now.gate, unit: lab.now.unit, value: first.value } });
    reveal("gate");
    return "";
  },
  read(lab, { step = 100 }) {
    lab.setLength(step);
    lab.go(step - 1);
    return "";
  },
  construct(lab) {
    if (!lab.page.constructed) return "This page was written without constructed weights.";
    lab.load(lab.page.constructed.settings, lab.page.constructed);
    reveal("break");
    return "";
  },
};

function reveal(id) {
  document.getElementById(id).scrollIntoView({ block: "nearest" });
}

/** The first thing that is wrong with a tour, as laboratory/tour.py tells it, or "". */
function tourMistake(tour, { tour_form: form, settings }) {
  const isText = (value) => typeof value === "string" && value.length >= 1 && value.length <= form.most_characters;
  const isObject = (value) => value !== null && typeof value === "object" && !Array.isArray(value);
  if (!isObject(tour)) return 'A tour is an object with "title" and "stops".';
  if (!isText(tour.title)) return `A tour has a "title" of 1 to ${form.most_characters} characters.`;
  if (!Array.isArray(tour.stops) || !tour.stops.length || tour.stops.length > form.most_stops) return `A tour has between 1 and ${form.most_stops} stops under "stops".`;
  const checks = {
    text: (name, value) => (isText(value) ? "" : `"${name}" is expected to be a text of 1 to ${form.most_characters} characters.`),
    whole: (name, value) => (Number.isInteger(value) && value >= 1 ? "" : `"${name}" is expected to be a whole number of at least 1.`),
    settings(name, value) {
      if (!isObject(value)) return '"set" is expected to be an object of settings.';
      const unknown = Object.keys(value).find((one) => !(one in settings));
      return unknown === undefined ? "" : `"set" has the unknown setting "${unknown}".`;
    },
  };
  for (const [n, stop] of tour.stops.entries()) {
    const wrong = isObject(stop) ? ofStop(stop) : "it is no object.";
    if (wrong) return `Stop ${n + 1}: ${wrong}`;
  }
  return "";

  function ofStop(stop) {
    const missing = form.needed.find((name) => !(name in stop));
    if (missing) return `"${missing}" is missing.`;
    for (const [name, value] of Object.entries(stop)) {
      if (!(name in form.fields)) return `"${name}" is unknown.`;
      const wrong = checks[form.fields[name]](name, value);
      if (wrong) return wrong;
    }
    return form.actions.includes(stop.do) ? "" : `"do" is "${stop.do}", expected one of ${form.actions.join(", ")}.`;
  }
}
