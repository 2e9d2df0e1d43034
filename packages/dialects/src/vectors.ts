// Vectors of embeddings as base64 of their little-endian 32-bit floats, and as numbers. Pure. (Every machine Node runs on
// today keeps floats in that order itself.)

/** The base64 text of a vector. */
export function encodeVector(vector: Float32Array): string {
  return Buffer.from(vector.buffer, vector.byteOffset, vector.byteLength).toString("base64");
}

/** Undefined when the text is not base64 of at least one whole float. */
export function decodeVector(text: string): Float32Array | undefined {
  const bytes = Buffer.from(text, "base64");
  const padding = text.endsWith("==") ? 2 : text.endsWith("=") ? 1 : 0;
  if (bytes.length === 0 || bytes.length % 4 !== 0 || bytes.length !== (text.length / 4) * 3 - padding)
    return undefined;
  // A copy: a Buffer may begin anywhere in its memory, a Float32Array only at a multiple of four.
  return new Float32Array(new Uint8Array(bytes).buffer);
}

/** The vector at length 1, as all vectors leave this router's own models; the zero vector stays. */
export function normalizeVector(vector: Float32Array): Float32Array {
  const length = Math.hypot(...vector);
  return length === 0 ? vector : vector.map((value) => value / length);
}

/** The first `dimensions` numbers at length 1 again (Matryoshka); a vector that is not longer stays as it is. */
export function shortenVector(vector: Float32Array, dimensions: number | undefined): Float32Array {
  if (dimensions === undefined || vector.length <= dimensions) return vector;
  return normalizeVector(vector.subarray(0, dimensions));
}
