// A success rate with its interval, as core/rates.py has it.

const Z_95 = 1.959963984540054;

/** `solved` of `of` runs with the 95 % score interval (Wilson 1927); 0 to 1 where nothing was run. */
function rate(solved, of) {
  if (of === 0) return { solved, of, low: 0, high: 1 };
  const p = solved / of;
  const z = Z_95;
  const centre = (p + (z * z) / (2 * of)) / (1 + (z * z) / of);
  const half = (z / (1 + (z * z) / of)) * Math.sqrt((p * (1 - p)) / of + (z * z) / (4 * of * of));
  return { solved, of, low: solved === 0 ? 0 : centre - half, high: solved === of ? 1 : centre + half };
}
