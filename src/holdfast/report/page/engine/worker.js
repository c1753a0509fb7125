// The worker: trains away from the page, and reports at most 30 times a second.

const FRAME = 1000 / 30; // milliseconds between two reports

/** Answers the page's messages: `begin`, `play`, `pause`, `advance`, `weights` (see `act`). `scope` is the worker's global
 * object. */
function startWorker(scope) {
  let trainer = null;
  let id = null;
  let network = 0; // whose weights are reported
  let playing = false;
  let pace = null; // epochs per second, null: as fast as possible
  let seconds = 0; // of training
  let owed = 0; // epochs that the pace allows and that are not trained yet
  let last = 0;
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

  function report() {
    const state = trainer.state();
    const gradient = trainer.gradient_over_distance(network);
    tell("progress", { ...state, gradient, network, weights: trainer.weights(network), seconds });
    if (state.diverged[network] || state.diverged.every((one) => one)) {
      playing = false;
      const many = state.diverged.reduce((a, b) => a + b, 0);
      tell("problem", { text: `The loss of ${many} of ${state.diverged.length} networks has grown past every bound: the learning rate ${trainer.settings.learning_rate} is too large. Take a smaller one, for example ${trainer.settings.learning_rate / 10}.` });
    } else if (trainer.finished()) {
      playing = false;
    }
  }

  /** Trains for one frame, reports, and lets the messages of the page in. */
  function turn() {
    if (!playing) return;
    const began = performance.now();
    timed(() => {
      if (pace === null) while (performance.now() - began < FRAME) trainer.epoch();
      else {
        owed = Math.min(owed + (pace * (began - last)) / 1000, pace);
        for (; owed >= 1 && performance.now() - began < FRAME; owed--) trainer.epoch();
      }
    });
    last = began;
    report();
    const rest = Math.max(0, FRAME - (performance.now() - began));
    setTimeout(turn, pace === null ? 0 : rest);
  }
}
