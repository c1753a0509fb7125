// Colours that colour-blind readers can tell: lines as Okabe & Ito 2008; heat maps run through blue-green to yellow where
// nothing is negative (after viridis), and from purple through the page's ground to orange about zero elsewhere.

const LINES = ["--blue", "--orange", "--green", "--pink", "--sky", "--amber", "--ink"];
const DASHES = ["", "7 4", "2 3", "9 3 2 3"];
const RISING = [[68, 1, 84], [59, 82, 139], [33, 145, 140], [94, 201, 98], [253, 231, 37]];
const BELOW = [94, 60, 153];
const ABOVE = [230, 97, 1];

function isDark() {
  return matchMedia("(prefers-color-scheme: dark)").matches;
}

/** The value of one of the page's colours (`--blue`), as it is in the present theme. */
function colour(name) {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function lineColour(number) {
  return `var(${LINES[number % LINES.length]})`;
}

/** 256 colours as bytes red, green, blue, for shares from 0 to 1 of a map; `signed` ones have zero in the middle. */
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
