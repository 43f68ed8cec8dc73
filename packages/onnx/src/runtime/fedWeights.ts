import { dimsOf } from '../format/tensor.ts';
import type { TensorProto } from '../generated/onnx_pb.ts';
import { letGo } from './letGo.ts';
import type { Ort, Tensor } from './ort.ts';

/** If fed weights make up at least this share of a file, the file's array is kept and they are not copied. */
const most = 0.75;

/** The runtime needs a weight's elements at an address divisible by 4. */
const width = 4;

/** Frozen weights that are fed to every run, so that all sessions share one copy. */
export class FedWeights {
  readonly #ort: Ort;
  readonly #tensors = new Map<string, Tensor>();
  /** The weights whose bytes are still part of a file's array. */
  readonly #open = new Map<string, TensorProto>();

  constructor(ort: Ort) {
    this.#ort = ort;
  }

  /** Adds the weights that a model needs; known weights are left unchanged. */
  hold(weights: readonly TensorProto[]): void {
    for (const tensor of weights) if (!this.#tensors.has(tensor.name)) this.#open.set(tensor.name, tensor);
  }

  /** The feeds of these weights for a run. */
  feeds(weights: readonly TensorProto[]): Record<string, Tensor> {
    return Object.fromEntries(weights.map(({ name }) => [name, this.#tensors.get(name) as Tensor]));
  }

  /**
   * Makes tensors from the added weights.
   *
   * @param arrays - the files, and parts of files, that hold the weights
   * @param given - whether the caller owns these arrays; otherwise they must not be used afterwards
   */
  settle(arrays: readonly Uint8Array[], given: boolean): void {
    const held = new Map(arrays.map((array) => [array.buffer, { array, size: 0 }]));
    for (const { rawData } of this.#open.values()) {
      const within = held.get(rawData.buffer);
      if (within) within.size += rawData.length;
    }
    const kept = ({ array, size }: { array: Uint8Array; size: number }): boolean =>
      !given && size >= most * array.length;
    for (const [name, tensor] of this.#open) {
      const within = held.get(tensor.rawData.buffer);
      const bytes = within && !kept(within) ? outside(tensor.rawData, given) : aligned(tensor.rawData);
      tensor.rawData = bytes;
      const data = new Float32Array(bytes.buffer, bytes.byteOffset, bytes.length / width);
      this.#tensors.set(name, new this.#ort.Tensor('float32', data, dimsOf(tensor)));
    }
    this.#open.clear();
    if (!given) for (const within of held.values()) if (!kept(within)) letGo(within.array);
  }
}

/** Copies the bytes into their own array, unless the original array is kept and they are aligned. */
function outside(bytes: TensorProto['rawData'], stays: boolean): TensorProto['rawData'] {
  return stays && bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}

/** Moves bytes to the aligned address before them. */
function aligned({ buffer, byteOffset, length }: TensorProto['rawData']): TensorProto['rawData'] {
  const moved = new Uint8Array(buffer as ArrayBuffer, byteOffset - (byteOffset % width), length);
  if (moved.byteOffset !== byteOffset) moved.set(new Uint8Array(buffer, byteOffset, length));
  return moved;
}
