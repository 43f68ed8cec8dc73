import { type StateDescription, snapshotDifferences } from '@clr/core';
import { mapRead, usage } from '../device/flags.ts';
import { badArgument } from '../errors.ts';
import type { DeviceTensor, StatePart } from '../optimizer/engine.ts';
import {
  type FirstSnapshot,
  type GpuSnapshot,
  joinParts,
  parseSnapshot,
  type SavedTensor,
} from './snapshot.ts';

/** The parts of a training run that a snapshot holds. */
export interface SnapshotLayout {
  readonly optimizer: string;
  readonly topology?: readonly string[];
  /** The optimizer's counters and slots, which another optimizer cannot use. */
  readonly optimizerTensors: readonly DeviceTensor[];
  readonly otherTensors: readonly DeviceTensor[];
  /** The parts in the order of their bytes in snapshots of the first version. */
  readonly firstParts: readonly StatePart[];
}

/** A tensor on the device and the values to write to it. */
export type Match = readonly [DeviceTensor, SavedTensor];

/** Copies the state of a training run between its buffers and snapshots. */
export class SnapshotStore {
  readonly #device: GPUDevice;
  readonly #layout: SnapshotLayout;
  readonly #tensors: readonly DeviceTensor[];

  constructor(device: GPUDevice, layout: SnapshotLayout) {
    this.#device = device;
    this.#layout = layout;
    this.#tensors = [...layout.otherTensors, ...layout.optimizerTensors];
    const names = this.#tensors.map(({ name }) => name);
    const twice = names.find((name, index) => names.indexOf(name) !== index);
    if (twice !== undefined) {
      throw badArgument(
        'a different name for each tensor',
        `"${twice}" twice`,
        'Give the parameters other names.',
      );
    }
  }

  async take(step: number): Promise<GpuSnapshot> {
    const { optimizer, topology } = this.#layout;
    const parts = inOrder(this.#tensors);
    const reads = this.#stage(joinParts(parts));
    try {
      const encoder = this.#device.createCommandEncoder();
      for (const { part, target, offset } of reads.copies) {
        encoder.copyBufferToBuffer(part.buffer, part.offset, target, offset, part.size);
      }
      this.#device.queue.submit([encoder.finish()]);
      await Promise.all(reads.targets.map((target) => target.mapAsync(mapRead)));
      const images = new Map(reads.targets.map((target) => [target, target.getMappedRange()]));
      const tensors = extract(
        this.#tensors,
        reads.copies.map(({ part, target, offset }) => ({
          part,
          bytes: new Uint8Array(images.get(target) as ArrayBuffer, offset, part.size),
        })),
      );
      return { version: 2, adapter: 'webgpu', optimizer, step, ...(topology && { topology }), tensors };
    } finally {
      for (const target of reads.targets) target.destroy();
    }
  }

  /** Staging buffers for parts, as few as the device's limits allow. */
  #stage(parts: readonly StatePart[]) {
    const sizes: number[] = [];
    const places = parts.map((part) => {
      const last = sizes.length - 1;
      if (last < 0 || (sizes[last] as number) + part.size > this.#device.limits.maxBufferSize) sizes.push(0);
      const index = sizes.length - 1;
      const offset = sizes[index] as number;
      sizes[index] = offset + part.size;
      return { part, index, offset };
    });
    const flags = usage.mapRead | usage.copyTarget;
    const targets = sizes.map((size) =>
      this.#device.createBuffer({ label: 'clr snapshot', size, usage: flags }),
    );
    const copies = places.map(({ part, index, offset }) => ({
      part,
      target: targets[index] as GPUBuffer,
      offset,
    }));
    return { targets, copies };
  }

  /** Writes tensors in queue order. */
  put(matches: readonly Match[]): void {
    const sources = new Map(matches.map(([{ name }, { values }]) => [name, bytesOf(values)]));
    const parts = inOrder(matches.map(([tensor]) => tensor));
    let next = 0;
    for (const { buffer, offset, size } of joinParts(parts)) {
      const bytes = new Uint8Array(size);
      for (let done = 0; done < size; next++) {
        const part = parts[next] as PlacedPart;
        bytes.set((sources.get(part.name) as Uint8Array).subarray(part.at, part.at + part.size), done);
        done += part.size;
      }
      this.#device.queue.writeBuffer(buffer, offset, bytes);
    }
  }

  /** Maps the tensors of a snapshot to the device. Throws with the differences if it does not fit, unless `partial`. */
  match(
    given: object,
    partial = false,
  ): { readonly snapshot: GpuSnapshot; readonly matches: readonly Match[] } {
    const snapshot = this.#upgraded(parseSnapshot(given));
    const { optimizer, topology, otherTensors } = this.#layout;
    const model: StateDescription = {
      adapter: 'webgpu',
      optimizer,
      tensors: this.#tensors,
      ...(topology && { topology }),
    };
    const differences = snapshotDifferences(model, snapshot).join('; ');
    if (differences && !partial) {
      throw badArgument(
        'a snapshot of this network with this optimizer',
        `a snapshot that differs: ${differences}`,
        'Restore a snapshot of the same network and optimizer, or only what fits: restore(snapshot, { partial: true }).',
      );
    }
    const saved = new Map(snapshot.tensors.map((tensor) => [tensor.name, tensor]));
    const mine = snapshot.optimizer === optimizer ? this.#tensors : otherTensors;
    const matches = mine.flatMap((tensor): Match[] => {
      const found = saved.get(tensor.name);
      const fits = found && found.dtype === tensor.dtype && String(found.shape) === String(tensor.shape);
      return fits ? [[tensor, found]] : [];
    });
    if (matches.length === 0) {
      throw badArgument(
        'a snapshot with a tensor that fits this network by name, type and shape',
        `one without: ${differences}`,
        'Restore a snapshot of this network, or of a network that shares layers with it.',
      );
    }
    return { snapshot, matches };
  }

  /**
   * Upgrades a snapshot of the first version, which had no names. If all its sizes are equal to the trainer's, its
   * layout is too.
   */
  #upgraded(given: GpuSnapshot | FirstSnapshot): GpuSnapshot {
    if (given.version === 2) return given;
    const parts = joinParts(this.#layout.firstParts);
    const sizes = parts.map(({ size }) => size);
    const { optimizer, step, data } = given;
    if (optimizer !== this.#layout.optimizer || String(given.sizes) !== String(sizes)) {
      throw badArgument(
        `a snapshot of webgpu with ${this.#layout.optimizer} and parts of ${String(sizes)} bytes`,
        `a snapshot of an older version with ${optimizer} and parts of ${String(given.sizes)} bytes`,
        'Restore a snapshot of the same network and the same optimizer.',
      );
    }
    const images = parts.map((part, index) => ({ part, bytes: data[index] as Uint8Array }));
    return { version: 2, adapter: 'webgpu', optimizer, step, tensors: extract(this.#tensors, images) };
  }
}

type PlacedPart = DeviceTensor['parts'][number] & { readonly name: string };

/** All parts of tensors, sorted so that adjacent parts follow each other. */
function inOrder(tensors: readonly DeviceTensor[]): PlacedPart[] {
  const buffers = new Map<GPUBuffer, number>();
  const parts = tensors.flatMap(({ name, parts }) => parts.map((part) => ({ ...part, name })));
  for (const { buffer } of parts) if (!buffers.has(buffer)) buffers.set(buffer, buffers.size);
  const orderOf = ({ buffer }: PlacedPart): number => buffers.get(buffer) as number;
  return parts.sort((a, b) => orderOf(a) - orderOf(b) || a.offset - b.offset);
}

/** Cuts tensors out of copies of buffer ranges. */
function extract(
  tensors: readonly DeviceTensor[],
  images: readonly { readonly part: StatePart; readonly bytes: Uint8Array }[],
): SavedTensor[] {
  const byBuffer = new Map<GPUBuffer, (typeof images)[number][]>();
  for (const image of images) {
    const list = byBuffer.get(image.part.buffer) ?? [];
    list.push(image);
    byBuffer.set(image.part.buffer, list);
  }
  return tensors.map(({ name, dtype, shape, parts }) => {
    const size = parts.reduce((sum, part) => sum + part.size, 0);
    const bytes = new Uint8Array(size);
    for (const { buffer, offset, at, size } of parts) {
      const image = byBuffer
        .get(buffer)
        ?.find(({ part }) => offset >= part.offset && offset + size <= part.offset + part.size);
      if (!image) throw new Error(`no bytes of ${name}`);
      const from = offset - image.part.offset;
      bytes.set(image.bytes.subarray(from, from + size), at);
    }
    return { name, dtype, shape, values: dtype === 'float32' ? new Float32Array(bytes.buffer) : bytes };
  });
}

function bytesOf(values: Float32Array | Uint8Array): Uint8Array {
  return new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
}
