// At the bottom: time. The slider goes on past the trained length, where a network with separate weights has to stop.

const STRIP_ROWS = { top: 3, each: 13, left: 150, right: 8 };

function timePanel(lab) {
  const slider = el("input", { type: "range", min: 1, max: 4, value: 1, step: 1, id: "time", "aria-label": "step" });
  const where = el("output", { class: "where", for: "time" });
  const play = el("button", { type: "button", id: "play", "aria-label": "play through time" }, "▶");
  const far = el("select", { id: "length", "aria-label": "read until step" });
  const canvas = el("canvas", { role: "img" });
  const holder = el("div", { class: "time-strip" }, canvas);
  const said = el("p", { class: "note time-note" });
  let timer = null;

  function stop() {
    clearInterval(timer);
    timer = null;
    play.textContent = "▶";
    play.setAttribute("aria-label", "play through time");
  }

  play.addEventListener("click", () => {
    if (timer !== null) return stop();
    if (lab.now.step >= lab.now.length - 1) lab.go(0);
    play.textContent = "❚❚";
    play.setAttribute("aria-label", "pause");
    timer = setInterval(() => {
      lab.go(lab.now.step + 1);
      if (lab.now.step >= lab.now.length - 1) stop();
    }, lab.now.length <= 20 ? 1000 : 20_000 / lab.now.length);
  });
  slider.addEventListener("input", everyFrame(() => lab.go(Number(slider.value) - 1)));
  far.addEventListener("change", () => lab.setLength(Number(far.value) || null));
  canvas.addEventListener("click", (event) => {
    const box = canvas.getBoundingClientRect();
    const share = (event.clientX - box.left - STRIP_ROWS.left) / (box.width - STRIP_ROWS.left - STRIP_ROWS.right);
    if (share >= 0) lab.go(Math.floor(share * lab.now.length));
  });
  const redraw = everyFrame(() => {
    const room = cleared(canvas, holder);
    if (room && lab.now.task) drawTime(lab.now, ...room);
    said.textContent = timeSentence(lab.now);
    canvas.setAttribute("aria-label", said.textContent);
  });
  new ResizeObserver(redraw).observe(holder);
  const panel = el("div", { class: "time", role: "group", "aria-label": "time" }, el("div", { class: "time-row" }, play, slider, where, far, said), holder);
  // Where the page scrolls, only the first row stays in sight.
  new ResizeObserver(() => (panel.style.bottom = `${play.offsetHeight + 16 - panel.offsetHeight}px`)).observe(panel);
  onTheme(redraw);
  lab.on("read", redraw);
  lab.on("view", ({ step, length, longest }) => {
    slider.max = length;
    slider.value = step + 1;
    where.textContent = `step ${step + 1} of ${length}`;
    far.value = longest ?? "";
    redraw();
  });
  lab.on("begin", ({ task }) => {
    const known = LENGTHS.filter((length) => length > task.steps + 2);
    far.replaceChildren(el("option", { value: "" }, "read a little on"), ...known.map((length) => el("option", { value: length }, `read ${length} steps`)));
    far.value = lab.now.longest ?? "";
    redraw();
  });
  return panel;
}

/** What the strip shows: the networks beside each other, with their answers to both sequences. */
function stripRows(now) {
  const rows = [{ name: "shared weights", traces: now.traces }];
  if (!now.constructed) rows.push({ name: "separate weights", traces: now.separate.traces, until: now.task.steps });
  return rows;
}

function drawTime(now, pen, width, height) {
  const { top, each, left, right } = STRIP_ROWS;
  const ink = Object.fromEntries(PALETTE.map((name) => [name, colour(name)]));
  const wide = (width - left - right) / now.length;
  const x = (t) => left + t * wide;
  pen.font = `11px ${ink["--plain"]}`;
  pen.fillStyle = ink["--rule"];
  pen.globalAlpha = 0.6;
  pen.fillRect(x(now.step), 0, Math.max(2, wide), height);
  pen.globalAlpha = 1;
  stripRows(now).forEach(({ name, traces, until }, r) => {
    const y = top + r * (2 * each + 4);
    inked(pen, name, 0, y + each + 3, "left", ink["--ink"]);
    now.rows.forEach((row, n) => {
      for (let t = 0; traces[n] && t < Math.min(traces[n].steps, until ?? Infinity); t++) {
        const { right: good } = answerAt(now.task, row, traces[n], t);
        pen.fillStyle = good === null ? ink["--rule"] : good ? ink["--right"] : ink["--wrong"];
        const tall = good === null ? 2 : good ? each - 3 : (each - 3) / 2; // right and wrong differ in height, too
        pen.fillRect(x(t) + 0.5, y + n * each + (each - 3 - tall), Math.max(1, wide - 1), tall);
      }
    });
    if (until && until < now.length) inked(pen, `no weights after step ${until}`, x(until) + 6, y + each + 3, "left", ink["--soft"]);
  });
  pen.strokeStyle = ink["--ink"];
  pen.setLineDash([4, 3]);
  if (now.task.steps < now.length) stroke(pen, [[x(now.task.steps), 0], [x(now.task.steps), height]]);
  pen.setLineDash([]);
}

/** The strip in words. */
function timeSentence(now) {
  if (!now.traces.length) return "";
  const beyond = { right: 0, asked: 0 };
  now.rows.forEach((row, n) => {
    for (let t = row.trained; t < now.length; t++) {
      const { right } = answerAt(now.task, row, now.traces[n], t);
      if (right !== null) beyond.asked += 1;
      if (right) beyond.right += 1;
    }
  });
  const sizes = now.constructed ? "" : ` ${count(now.parameters)} weights serve any number of steps; separate ones are ${count(now.separate.parameters)} for ${now.task.steps} steps.`;
  return `Past step ${now.task.steps}, ${now.constructed ? "the length of the task" : "where the training ended"}, ${beyond.right} of ${beyond.asked} answers are right.${sizes}`;
}
