// Formatting of numbers.

const MINUS = "\u2212";

/** At most four digits: 0.9996, 1.2e-5, 2500. A number close to 1 is distinguished from 1. */
function show(value) {
  if (value === null || value === undefined || Number.isNaN(value)) return "no number";
  if (!Number.isFinite(value)) return value > 0 ? "∞" : `${MINUS}∞`;
  const size = Math.abs(value);
  if (size > 0.9995 && size < 1) return `${value < 0 ? MINUS : ""}(1 ${MINUS} ${(1 - size).toExponential(0).replace("-", MINUS)})`;
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(1) : String(Number(value.toPrecision(4)));
  return text.replaceAll("-", MINUS);
}

/** The same, rounded up, for upper bounds. */
function atMost(value) {
  if (!(value > 0) || !Number.isFinite(value)) return show(value);
  const digits = value < 1e-3 || value >= 1e5 ? 2 : 4; // as many as are shown
  const step = 10 ** (Math.floor(Math.log10(value)) - digits + 1);
  return show(Math.ceil((value / step) * (1 + 1e-12)) * step);
}

/** The same for a number that stands by itself, outside formulas. */
function alone(value) {
  return show(value).replace(/^\((.*)\)$/, "$1");
}

/** With a sign and two decimals, for columns of inputs and outputs. */
function signed(value) {
  return Number.isFinite(value) ? `${value < 0 ? MINUS : "+"}${Math.abs(value).toFixed(Math.abs(value) < 10 ? 3 : 1)}` : show(value);
}

/** Round numbers between two ends, about `count` of them. */
function ticks(low, high, count) {
  const raw = (high - low) / count;
  const power = 10 ** Math.floor(Math.log10(raw));
  const step = [1, 2, 5, 10].map((n) => n * power).find((n) => n >= raw * 0.999) || raw;
  const found = [];
  for (let n = Math.ceil(low / step - 1e-9); n * step <= high + step * 1e-9; n++) found.push(n * step);
  return found;
}

/** The labels of the values of an axis: as `show` writes them, with more digits where two of them would be alike. */
function tickTexts(values) {
  const texts = values.map(show);
  for (let digits = 5; digits <= 17 && new Set(texts).size < new Set(values).size; digits++) {
    values.forEach((value, n) => (texts[n] = withDigits(value, digits)));
  }
  return texts;
}

function withDigits(value, digits) {
  const size = Math.abs(value);
  const text = size !== 0 && (size < 1e-3 || size >= 1e5) ? value.toExponential(digits - 1) : String(Number(value.toPrecision(digits)));
  return text.replaceAll("-", MINUS);
}

/** A whole number with thousands separators: 851,200. */
function count(value) {
  return value.toLocaleString("en");
}
