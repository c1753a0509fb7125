// The state of the laboratory. Panels listen to changes and redraw what has changed.

const MOST_POINTS = 1200; // of the loss curve
const READERS = 3; // networks that are read
const CHANGES = ["settings", "begin", "progress", "read", "view", "playing", "problem"];
const SPEEDS = { "as fast as possible": null, "60 epochs a second": 60, "10 epochs a second": 10, "1 epoch a second": 1 };

/** `now`: settings and what is known of the training and of the reading; `on(change, listener)` for one of CHANGES. */
function makeLab(page) {
  const address = readAddress(location.hash, page.settings);
  const listeners = Object.fromEntries(CHANGES.map((name) => [name, []]));
  const tell = (name) => listeners[name].forEach((listener) => listener(now));
  const now = {
    settings: page.settings, wanted: address.settings, problem: { text: address.problem, field: "address", blocks: false }, task: null, rows: [], length: 0, longest: null, deciding: 0,
    state: null, history: [], weights: null, parameters: 0, traces: [], network: 0, playing: false, speed: null, until: null,
    control: { weights: null, traces: [] }, separate: { weights: null, traces: [], parameters: 0 },
    step: null, row: 0, layer: 0, unit: 0, gate: "", weight: null, shares: null, constructed: null,
  };
  const main = trainingLink(heard);
  const beside = { control: trainingLink((m) => heardBeside("control", m)), separate: trainingLink((m) => heardBeside("separate", m)) };
  const readFrom = { main: 0, control: 0, separate: 0 };
  const kinds = { control: { memory: false, networks: 1 }, separate: { separate_weights: true, networks: 1 } };

  /** Starts anew with the settings that are wanted. Where these are wrong it says so, and what ran before stays; at first
   * these are the defaults. */
  function begin(field = "", known = "") {
    const text = ENGINE.check(now.wanted);
    now.problem = { text: text || known, field, blocks: Boolean(text) };
    tell("problem");
    if (text) pause();
    if (text && now.task) return;
    if (!text) now.settings = structuredClone(now.wanted);
    if (!text) history.replaceState(null, "", writeAddress(now.settings, page.settings) || location.pathname + location.search);
    now.task = ENGINE.taskOf(now.settings);
    Object.assign(now, { state: null, history: [], weights: null, traces: [], shares: null, weight: null, until: null });
    now.layer = Math.min(now.layer, now.settings.layers - 1);
    now.unit = Math.min(now.unit, now.settings.units - 1);
    const cell = page.cells[now.settings.cell];
    if (!cell.gates.includes(now.gate)) now.gate = cell.keep || cell.gates[0];
    main.begin(now.settings, now.constructed?.weights ?? null);
    main.show(Math.min(now.network, now.settings.networks - 1));
    for (const [name, link] of Object.entries(beside)) {
      Object.assign(now[name], { weights: null, traces: [], epoch: 0, problem: "" });
      if (now.constructed) link.end();
      else link.begin({ ...now.settings, ...kinds[name] });
    }
    setLength(now.longest);
    tell("begin");
    if (now.playing) main.play(now.speed);
  }

  function setLength(longest) {
    now.longest = longest;
    now.length = longest ?? Math.max(now.task.steps + 2, READ_ON * Math.min(now.task.steps, 10));
    now.rows = shownRows(now.settings, now.task, now.length);
    now.deciding = decidingStep(now.rows);
    if (now.step === null || now.step >= now.length) now.step = now.deciding;
    read();
  }

  /** Runs all networks, or one of them, over the rows. */
  function read(...names) {
    const run = (weights, more, steps, preactivations) =>
      now.rows.map((row) => ENGINE.read({ ...now.settings, ...more }, weights, row.inputs.subarray(0, steps * now.task.inputs), steps, { preactivations }));
    const asked = (name) => !names.length || names.includes(name);
    if (now.weights && asked("main")) now.traces = run(now.weights, {}, now.length, true);
    for (const [name, kind] of Object.entries(kinds)) {
      const steps = kind.separate_weights ? Math.min(now.length, now.task.steps) : now.length;
      if (now[name].weights && asked(name)) now[name].traces = run(now[name].weights, kind, steps, false);
    }
    tell("read");
    if (asked("main")) tell("view");
  }

  /** While networks are trained, reading them takes at most a fifth of the time, so that the page keeps its frame rate. */
  function readInTurn(name) {
    const began = performance.now();
    if (now.playing && began < readFrom[name]) return;
    read(name);
    const ended = performance.now();
    readFrom[name] = ended + 4 * READERS * (ended - began);
  }

  function heard(message) {
    if (message.told === "ready") now.parameters = message.parameters;
    if (message.told === "problem") return stopped(message.text);
    if (message.weights) now.weights = message.weights;
    if (message.told === "progress") {
      now.state = message;
      note(message);
      for (const [name, link] of Object.entries(beside)) follow(name, link, message.epoch);
      const ended = now.playing && (now.until !== null ? message.epoch >= now.until : message.rate.solved === message.rate.of);
      if (ended) pause();
      tell("progress");
      readInTurn("main");
      if (ended || (now.constructed && !now.shares)) exchange(lab); // opens the unit that carries most of the memory
    } else if (message.weights) readInTurn("main");
  }

  /** Adds a point to the loss curve, unless the worker repeats the last losses between two evaluations. */
  function note(message) {
    const before = now.history.at(-1);
    if (before && message.loss.every((value, n) => Object.is(Math.fround(value), before.losses[n]))) return;
    now.history.push(summary(message));
    if (now.history.length > MOST_POINTS) now.history = now.history.filter((_, n) => n % 2 === 0 || n > MOST_POINTS - 200);
  }

  /** The networks beside it are trained for the same number of epochs. */
  function follow(name, link, epoch) {
    if (now.constructed || !(epoch > now[name].epoch)) return;
    link.epochs(epoch - now[name].epoch);
    now[name].epoch = epoch;
  }

  function heardBeside(name, message) {
    if (message.told === "ready") now[name].parameters = message.parameters;
    if (message.told === "problem") now[name].problem = message.text;
    if (!message.weights) return;
    now[name].weights = message.weights;
    readInTurn(name);
  }

  function stopped(text) {
    now.problem = { text, field: "training", blocks: false };
    pause();
    tell("problem");
  }

  function play(until = null) {
    if (now.problem.blocks) return;
    Object.assign(now, { playing: true, until });
    main.play(now.speed);
    tell("playing");
  }

  function pause() {
    now.playing = false;
    main.pause();
    if (now.task) read();
    tell("playing");
  }

  const look = (change) => {
    Object.assign(now, change);
    tell("view");
  };

  const lab = {
    page,
    now,
    cell: () => page.cells[now.settings.cell],
    on: (name, listener) => listeners[name].push(listener),
    begin,
    play,
    pause,
    read,
    look,
    setLength,
    set(changes, field = "") {
      if (["task", "sequences", "steps", "lag"].some((name) => name in changes)) now.step = null;
      now.wanted = { ...now.wanted, ...structuredClone(changes) };
      now.constructed = null;
      begin(field);
      tell("settings");
    },
    /** Loads given weights in place of a training. */
    load(settings, constructed) {
      pause();
      Object.assign(now, { constructed, network: 0, step: null, wanted: { ...now.settings, ...structuredClone(settings) } });
      begin();
      tell("settings");
    },
    speed(speed) {
      now.speed = speed;
      if (now.playing) main.play(speed);
    },
    advance: (what, count) => (what === "update" ? main.updates(count) : main.epochs(count)),
    reset: () => begin(),
    choose(network) {
      now.network = network;
      now.shares = null;
      main.show(network);
      tell("progress");
    },
    go: (step) => look({ step: Math.max(0, Math.min(now.length - 1, step)) }),
    changed: (...names) => names.forEach(tell),
  };
  return lab;
}

/** One point of the loss curve. */
function summary({ epoch, updates, loss }) {
  const known = Array.from(loss).filter(Number.isFinite).sort((a, b) => a - b);
  const at = (share) => (known.length ? known[Math.round(share * (known.length - 1))] : NaN);
  return { epoch, updates, low: at(0.25), middle: at(0.5), high: at(0.75), losses: Float32Array.from(loss) };
}
