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
   * @param arrays - the files, and parts of files, that they were read from
   * @param given - whether these belong to somebody else. Those that do not are of no use afterwards
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

/** The bytes in an array of their own, unless what they lie in stays and has them at an address that the runtime takes. */
function outside(bytes: TensorProto['rawData'], stays: boolean): TensorProto['rawData'] {
  return stays && bytes.byteOffset % width === 0 ? bytes : new Uint8Array(bytes);
}

/** Moves bytes down to an address that the width of an element divides, over what stands before them. */
function aligned({ buffer, byteOffset, length }: TensorProto['rawData']): TensorProto['rawData'] {
  const moved = new Uint8Array(buffer as ArrayBuffer, byteOffset - (byteOffset % width), length);
  if (moved.byteOffset !== byteOffset) moved.set(new Uint8Array(buffer, byteOffset, length));
  return moved;
}
