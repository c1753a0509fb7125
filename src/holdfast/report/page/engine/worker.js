// The worker: trains away from the page, and reports at most 30 times a second.

const FRAME = 1000 / 30; // milliseconds between two reports
const JUDGED = 100; // milliseconds between two evaluations of all networks while they train
const SHARE = 5; // and times as long as the last one took
const BEHIND = 0.1; // seconds of training that are made up for where the machine is slower than the pace asked for

/** Answers the page's messages: `begin`, `play`, `pause`, `advance`, `weights` (see `act`). `scope` is the worker's global
 * object. */
function startWorker(scope) {
  let trainer = null;
  let id = null;
  let network = 0; // whose weights are reported
  let playing = false;
  let pace = null; // epochs per second, null: as fast as possible
  let seconds = 0; // of training
  let owed = 0; // updates that the pace allows and that are not trained yet
  let last = 0; // when the last turn began
  let gradient = null;
  let judgeAt = 0; // no evaluation before this time
  scope.onmessage = ({ data }) => {
    if (data.id !== undefined && data.act !== "begin" && data.id !== id) return;
    try {
      ACTS[data.act](data);
    } catch (error) {
      playing = false;
      tell("problem", { text: error.message });
    }
  };

  const ACTS = {
    begin(data) {
      playing = false;
      id = data.id;
      seconds = 0;
      network = 0;
      trainer = makeTrainer(data.settings, data.weights ?? null);
      tell("ready", { parameters: trainer.parameters });
      report();
    },
    play({ epochs_per_second = null }) {
      pace = epochs_per_second;
      last = performance.now();
      owed = 0;
      if (playing) return;
      playing = true;
      turn();
    },
    pause() {
      playing = false;
      report();
    },
    advance({ updates = 0, epochs = 0 }) {
      timed(() => {
        if (updates) trainer.advance(updates);
        for (let n = 0; n < epochs; n++) trainer.epoch();
      });
      report();
    },
    weights({ network: shown }) {
      network = shown;
      tell("weights", { network, weights: trainer.weights(network) });
    },
  };

  function tell(told, more) {
    scope.postMessage({ told, id, ...more });
  }

  function timed(work) {
    const began = performance.now();
    work();
    seconds += (performance.now() - began) / 1000;
  }

  function report(fresh = true) {
    const began = performance.now();
    const judged = fresh || began >= judgeAt;
    const state = trainer.state(judged);
    if (judged) {
      gradient = trainer.gradient_over_distance(network);
      const took = performance.now() - began;
      judgeAt = performance.now() + Math.max(JUDGED, SHARE * took);
    }
    tell("progress", { ...state, gradient, network, weights: trainer.weights(network), seconds });
    if (state.diverged[network] || state.diverged.every((one) => one)) {
      playing = false;
      const many = state.diverged.reduce((a, b) => a + b, 0);
      const rate = trainer.settings.learning_rate;
      tell("problem", {
        text:
          `The loss of ${many} of ${state.diverged.length} networks has grown past every bound: the learning rate ${rate} is ` +
          `too large. Take a smaller one, for example ${rate / 10}.`,
      });
    } else if (playing && trainer.finished()) {
      playing = false;
      report();
    }
  }

  /** Trains for one frame, reports, and lets the messages of the page in. */
  function turn() {
    if (!playing) return;
    const began = performance.now();
    const until = began + FRAME;
    timed(() => {
      if (pace !== null) {
        const perSecond = pace * trainer.updates_per_epoch;
        owed = Math.min(owed + (perSecond * (began - last)) / 1000, Math.max(1, perSecond * BEHIND));
      }
      while (performance.now() < until && !trainer.finished() && (pace === null || owed >= 1)) {
        const had = trainer.updates();
        trainer.some(pace === null ? Infinity : Math.floor(owed), until);
        owed -= trainer.updates() - had;
      }
    });
    last = began;
    report(false);
    const rest = Math.max(0, FRAME - (performance.now() - began));
    setTimeout(turn, pace === null ? 0 : rest);
  }
}
