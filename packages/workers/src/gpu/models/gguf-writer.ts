// Writes GGUF v3 files (https://github.com/ggml-org/ggml/blob/master/docs/gguf.md). Knows the format, not what a model means.

/** A metadata value with its GGUF type. */
export type GgufValue =
  | { readonly type: "u32" | "f32"; readonly value: number }
  | { readonly type: "bool"; readonly value: boolean }
  | { readonly type: "text"; readonly value: string }
  | { readonly type: "texts"; readonly value: readonly string[] }
  | { readonly type: "f32s" | "i32s"; readonly value: readonly number[] };

export type TensorType = "f32" | "f16" | "q4_0";

/** `shape` is in GGUF order: columns (the input width) first, then rows. `data` is row by row. */
export type GgufTensor = {
  readonly name: string;
  readonly shape: readonly number[];
  readonly type: TensorType;
  readonly data: Float32Array;
};

const valueTypes = { u32: 4, i32: 5, f32: 6, bool: 7, text: 8, array: 9 } as const;
const tensorTypes = { f32: 0, f16: 1, q4_0: 2 } as const;
const alignment = 32;
const q4BlockLength = 32;
const q4BlockBytes = 18;

/** The bytes of a GGUF file; the same input always gives the same bytes. */
export function writeGguf(metadata: Readonly<Record<string, GgufValue>>, tensors: readonly GgufTensor[]): Buffer {
  const pieces: Buffer[] = [];
  let position = 0;
  const put = (piece: Buffer): void => {
    pieces.push(piece);
    position += piece.length;
  };
  put(Buffer.from("GGUF"));
  put(encodeU32(3));
  put(encodeU64(tensors.length));
  put(encodeU64(Object.keys(metadata).length));
  for (const [key, value] of Object.entries(metadata)) {
    put(encodeText(key));
    for (const piece of encodeValue(value)) put(piece);
  }
  const encoded = tensors.map((tensor) => padToAlignment(encodeTensor(tensor)));
  let offset = 0;
  for (const [i, tensor] of tensors.entries()) {
    put(encodeText(tensor.name));
    put(encodeU32(tensor.shape.length));
    for (const length of tensor.shape) put(encodeU64(length));
    put(encodeU32(tensorTypes[tensor.type]));
    put(encodeU64(offset));
    offset += encoded[i]?.length ?? 0;
  }
  put(Buffer.alloc(alignUp(position) - position));
  for (const bytes of encoded) put(bytes);
  return Buffer.concat(pieces);
}

function encodeValue(value: GgufValue): Buffer[] {
  switch (value.type) {
    case "u32":
      return [encodeU32(valueTypes.u32), encodeU32(value.value)];
    case "f32":
      return [encodeU32(valueTypes.f32), encodeF32(value.value)];
    case "bool":
      return [encodeU32(valueTypes.bool), Buffer.from([value.value ? 1 : 0])];
    case "text":
      return [encodeU32(valueTypes.text), encodeText(value.value)];
    case "texts":
      return [...encodeArrayHead(valueTypes.text, value.value.length), ...value.value.map(encodeText)];
    case "f32s":
      return [...encodeArrayHead(valueTypes.f32, value.value.length), ...value.value.map(encodeF32)];
    case "i32s":
      return [...encodeArrayHead(valueTypes.i32, value.value.length), ...value.value.map(encodeU32)];
  }
}

function encodeArrayHead(elementType: number, length: number): Buffer[] {
  return [encodeU32(valueTypes.array), encodeU32(elementType), encodeU64(length)];
}

function encodeTensor(tensor: GgufTensor): Buffer {
  switch (tensor.type) {
    case "f32":
      return Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
    case "f16":
      return Buffer.from(new Float16Array(tensor.data).buffer);
    case "q4_0":
      return encodeQ4(tensor.data);
  }
}

/**
 * Q4_0: blocks of 32 values, each a 4-bit step of one f16 scale. Exact (but for the scale's rounding) as long as no block
 * holds two different values that are not zero.
 */
function encodeQ4(data: Float32Array): Buffer {
  const bytes = Buffer.alloc((data.length / q4BlockLength) * q4BlockBytes);
  for (let start = 0, at = 0; start < data.length; start += q4BlockLength, at += q4BlockBytes) {
    const block = data.subarray(start, start + q4BlockLength);
    let largest = 0;
    for (const value of block) if (Math.abs(value) > Math.abs(largest)) largest = value;
    // The largest value maps to step -8, the one end of the range that has no mirror image.
    const scale = largest / -8;
    bytes.set(new Uint8Array(new Float16Array([scale]).buffer), at);
    const step = (value = 0): number => (scale === 0 ? 8 : Math.max(0, Math.min(15, Math.round(value / scale) + 8)));
    for (let i = 0; i < q4BlockLength / 2; i++) {
      bytes[at + 2 + i] = step(block[i]) | (step(block[q4BlockLength / 2 + i]) << 4);
    }
  }
  return bytes;
}

function padToAlignment(bytes: Buffer): Buffer {
  return Buffer.concat([bytes], alignUp(bytes.length));
}

function alignUp(size: number): number {
  return Math.ceil(size / alignment) * alignment;
}

function encodeU32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value >>> 0);
  return bytes;
}

function encodeU64(value: number): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(BigInt(value));
  return bytes;
}

function encodeF32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeFloatLE(value);
  return bytes;
}

function encodeText(text: string): Buffer {
  const bytes = Buffer.from(text, "utf8");
  return Buffer.concat([encodeU64(bytes.length), bytes]);
}
