// Measures how much faster clr's conversion of a file's float16 numbers to float32 is than one with a function call for
// each number. Both run alternately on the same bytes, and their results are compared.
//   npx tsx scripts/halfs.ts [millions of numbers, default 44]
import { DataType } from '../src/format/dataType.ts';
import { widen } from '../src/format/half.ts';

const count = Number(process.argv[2] ?? 44) * 1e6;
const rounds = 3;

/** Computes the value of one float16. */
function computed(bits: number): number {
  const sign = bits & 0x8000 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 0x3ff;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1 + fraction / 1024) * 2 ** (exponent - 15);
}

/** The first version of clr's conversion, with a view and a function call for each number. */
function oneByOne(bytes: Uint8Array): Float32Array {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const bits = Uint16Array.from({ length: bytes.length / 2 }, (_, i) => view.getUint16(2 * i, true));
  return Float32Array.from(bits, computed);
}

const together = (bytes: Uint8Array): Float32Array =>
  widen(new Uint16Array(bytes.buffer, bytes.byteOffset, bytes.length / 2), DataType.FLOAT16);

/** Numbers of both signs with magnitudes between 2⁻⁵ and 2⁻¹, like those of weights. */
function weights(): Uint8Array {
  const bits = new Uint16Array(count);
  for (let i = 0, state = 1; i < count; i++) {
    state = (Math.imul(state, 1664525) + 1013904223) | 0;
    bits[i] = 0x2800 + (state >>> 20) + ((state & 0x100) << 7);
  }
  return new Uint8Array(bits.buffer);
}

function timed(run: () => Float32Array): [Float32Array, number] {
  const begun = performance.now();
  const values = run();
  return [values, performance.now() - begun];
}

const bytes = weights();
for (let round = 0; round < rounds; round++) {
  const [one, slow] = timed(() => oneByOne(bytes));
  const [other, fast] = timed(() => together(bytes));
  if (Buffer.compare(new Uint8Array(one.buffer), new Uint8Array(other.buffer)) !== 0)
    throw new Error('The two conversions give different numbers.');
  console.log(
    `one by one ${slow.toFixed(0)} ms, together ${fast.toFixed(0)} ms: ${(slow / fast).toFixed(1)} ×`,
  );
}
