// The settings in the address of the page, so that a link is a lesson: `#cell=gru&units=8`. What is missing has its default.

/** {settings, problem} of the text after `#`. A name that is unknown, or a value that cannot be read, is left out and told. */
function readAddress(hash, defaults) {
  const settings = structuredClone(defaults);
  const wrong = [];
  for (const [name, text] of new URLSearchParams(hash.replace(/^#/, ""))) {
    if (!(name in defaults)) {
      wrong.push(`The address has an unknown setting, “${name}”.`);
      continue;
    }
    const value = readValue(text, defaults[name]);
    if (value === undefined) wrong.push(`The address gives ${name} as “${text}”, which cannot be read.`);
    else settings[name] = value;
  }
  return { settings, problem: wrong[0] || "" };
}

/** The text of an address with all settings that are not the default ones. */
function writeAddress(settings, defaults) {
  const told = new URLSearchParams();
  for (const [name, value] of Object.entries(settings)) {
    if (!(name in defaults) || JSON.stringify(value) === JSON.stringify(defaults[name])) continue;
    told.set(name, typeof value === "string" ? value : JSON.stringify(value));
  }
  const text = told.toString();
  return text ? `#${text}` : "";
}

/** The value of the type of `like`, or undefined. */
function readValue(text, like) {
  if (typeof like === "string") return text;
  let value;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (Array.isArray(like)) return isSequences(value) ? value : undefined;
  if (typeof value === "number" && Number.isFinite(value)) return value;
  return value === null && like === null ? null : undefined;
}

function isSequences(value) {
  return Array.isArray(value) && value.every((words) => Array.isArray(words) && words.every((word) => typeof word === "string"));
}
