// The data of the page: JSON with arrays as base64.

const ARRAYS = { f8: Float64Array, f4: Float32Array, u1: Uint8Array };

/** The document, with every packed array as a typed array that has a `shape`. */
function readDocument() {
  return JSON.parse(document.getElementById("data").textContent, (_, value) => (value && value.packed ? unpacked(value) : value));
}

function unpacked({ packed, shape, bytes }) {
  const text = atob(bytes);
  const raw = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) raw[i] = text.charCodeAt(i);
  const array = new ARRAYS[packed](raw.buffer); // every machine that has a browser is little-endian
  array.shape = shape;
  return array;
}
