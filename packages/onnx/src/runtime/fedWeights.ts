import { dimsOf } from '../format/tensor.ts';
import type { TensorProto } from '../generated/onnx_pb.ts';
import { letGo } from './letGo.ts';
import type { Ort, Tensor } from './ort.ts';

/** Where more than this part of a file is weights that are fed, they stay where they are in it. */
const most = 0.75;

/** A weight of which the runtime needs the elements at an address that it divides by 4. */
const width = 4;

/** Weights that no step changes and that every run is given: once in memory, for all sessions. */
export class FedWeights {
  readonly #ort: Ort;
  readonly #tensors = new Map<string, Tensor>();
  /** Those that lie in the bytes of a file still. */
  readonly #open = new Map<string, TensorProto>();

  constructor(ort: Ort) {
    this.#ort = ort;
  }

  /** Takes weights that a model needs; those that are known already stay as they are. */
  hold(weights: readonly TensorProto[]): void {
    for (const tensor of weights) if (!this.#tensors.has(tensor.name)) this.#open.set(tensor.name, tensor);
  }

  /** What is to be given to a run that reads these weights. */
  feeds(weights: readonly TensorProto[]): Record<string, Tensor> {
    return Object.fromEntries(weights.map(({ name }) => [name, this.#tensors.get(name) as Tensor]));
  }

  /**
   * Makes tensors of the weights.
   *
   * @param file - the bytes of the file that they were read from
   * @param given - whether the file belongs to somebody else. One that does not is of no use afterwards
   */
  settle(file: Uint8Array | undefined, given: boolean): void {
    const inside = [...this.#open.values()].filter(({ rawData }) => rawData.buffer === file?.buffer);
    const size = inside.reduce((sum, { rawData }) => sum + rawData.length, 0);
    const copied = given || (file !== undefined && size < most * file.length) ? new Set(inside) : new Set();
    for (const [name, tensor] of this.#open) {
      const bytes = copied.has(tensor) ? new Uint8Array(tensor.rawData) : aligned(tensor.rawData);
      tensor.rawData = bytes;
      const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / width);
      this.#tensors.set(name, new this.#ort.Tensor('float32', data, dimsOf(tensor)));
    }
    this.#open.clear();
    if (file && !given && copied.size === inside.length) letGo(file);
  }
}

/** Moves bytes down to an address that the width of an element divides, over what stands before them. */
function aligned({ buffer, byteOffset, length }: TensorProto['rawData']): TensorProto['rawData'] {
  const moved = new Uint8Array(buffer as ArrayBuffer, byteOffset - (byteOffset % width), length);
  if (moved.byteOffset !== byteOffset) moved.set(new Uint8Array(buffer, byteOffset, length));
  return moved;
}
