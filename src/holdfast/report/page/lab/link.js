// A training that runs in a worker of its own. The worker is the text of the engine's script, so that the page stays one file.

let workerAddress = null;

function engineAddress() {
  const text = `${document.getElementById("engine").textContent}\nENGINE.work();`;
  workerAddress = workerAddress || URL.createObjectURL(new Blob([text], { type: "text/javascript" }));
  return workerAddress;
}

/** `told(message)` gets the messages of the latest `begin`; those of earlier ones are dropped. */
function trainingLink(told) {
  let worker = null;
  let id = 0;
  const send = (message) => worker && worker.postMessage({ id, ...message });

  function open() {
    worker = new Worker(engineAddress());
    worker.onmessage = ({ data }) => data.id === id && told(data);
    worker.onerror = (event) => {
      event.preventDefault();
      told({ told: "problem", id, text: `The training stopped: ${event.message || "the worker failed"}.` });
    };
  }

  return {
    begin(settings, weights = null) {
      if (worker) worker.terminate(); // at once, also where an update takes long
      id += 1;
      open();
      send({ act: "begin", settings, weights });
    },
    play: (epochs_per_second) => send({ act: "play", epochs_per_second }),
    pause: () => send({ act: "pause" }),
    updates: (updates) => send({ act: "advance", updates }),
    epochs: (epochs) => send({ act: "advance", epochs }),
    show: (network) => send({ act: "weights", network }),
    end() {
      if (worker) worker.terminate();
      worker = null;
      id += 1;
    },
  };
}
