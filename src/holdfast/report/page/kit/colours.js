// Colours for colour-blind readers. Lines: Okabe & Ito 2008. Heat maps: similar to viridis if no value is negative,
// otherwise from purple through the page's background at 0 to orange.

const LINES = ["--blue", "--orange", "--green", "--pink", "--sky", "--amber", "--ink"];
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
const RISING = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const BELOW = [94, 60, 153];
const ABOVE = [230, 97, 1];

function isDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The value of a colour variable such as `--blue` in the current theme. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function lineColour(number) {
  return `var(${LINES[number % LINES.length]})`;
}

/** A colour map of 256 colours as red, green and blue bytes; a `signed` map has 0 in the middle. */
function shades(signed) {
  const ground = isDark() ? [32, 36, 40] : [247, 246, 242];
  const anchors = signed ? [BELOW, mixed(BELOW, ground, 0.55), ground, mixed(ABOVE, ground, 0.55), ABOVE] : RISING;
  const table = new Uint8Array(256 * 3);
  for (let i = 0; i < 256; i++) {
    const place = (i / 255) * (anchors.length - 1);
    const from = Math.min(Math.floor(place), anchors.length - 2);
    table.set(mixed(anchors[from], anchors[from + 1], place - from), i * 3);
  }
  return table;
}

function mixed(a, b, share) {
  return a.map((value, i) => Math.round(value + (b[i] - value) * share));
}
