import { mapRead, usage } from '../device/flags.ts';
import { badArgument } from '../errors.ts';
import type { StatePart } from '../optimizer/engine.ts';

/**
 * The state of a training in host memory: plain data (`structuredClone`, IndexedDB and `v8.serialize` take
 * it), so it outlives its device and may be restored on another.
 */
export interface GpuSnapshot {
  readonly version: 1;
  readonly type: 'webgpu';
  /** The optimizer's type, such as `'adam'`. */
  readonly optimizer: string;
  /** The policy's step that comes next. */
  readonly step: number;
  /** The bytes of each part, in order: counters, slots, weights, further state. */
  readonly sizes: readonly number[];
  readonly data: readonly Uint8Array<ArrayBuffer>[];
}

/** Copies a training's state between its buffers and snapshots. */
export class SnapshotStore {
  readonly #device: GPUDevice;
  readonly #parts: readonly StatePart[];
  /** The newest snapshot stays on the device as well, so that going back to it is a copy there. */
  #resident: { readonly snapshot: GpuSnapshot; readonly copies: readonly GPUBuffer[] } | undefined;

  constructor(device: GPUDevice, parts: readonly StatePart[]) {
    this.#device = device;
    this.#parts = parts;
  }

  async take(optimizer: string, step: number): Promise<GpuSnapshot> {
    this.#forget();
    const copies = this.#parts.map(({ size }) => this.#buffer(size, usage.copySource | usage.copyTarget));
    const targets = this.#parts.map(({ size }) => this.#buffer(size, usage.mapRead | usage.copyTarget));
    try {
      const encoder = this.#device.createCommandEncoder();
      this.#parts.forEach(({ buffer, offset, size }, index) => {
        encoder.copyBufferToBuffer(buffer, offset, copies[index] as GPUBuffer, 0, size);
        encoder.copyBufferToBuffer(buffer, offset, targets[index] as GPUBuffer, 0, size);
      });
      this.#device.queue.submit([encoder.finish()]);
      await Promise.all(targets.map((target) => target.mapAsync(mapRead)));
      const data = targets.map((target) => new Uint8Array(target.getMappedRange().slice(0)));
      const sizes = this.#parts.map(({ size }) => size);
      const snapshot: GpuSnapshot = { version: 1, type: 'webgpu', optimizer, step, sizes, data };
      this.#resident = { snapshot, copies };
      return snapshot;
    } catch (error) {
      for (const copy of copies) copy.destroy();
      throw error;
    } finally {
      for (const target of targets) target.destroy();
    }
  }

  put(snapshot: GpuSnapshot): void {
    if (this.#resident?.snapshot === snapshot) {
      const encoder = this.#device.createCommandEncoder();
      this.#parts.forEach(({ buffer, offset, size }, index) => {
        encoder.copyBufferToBuffer(this.#resident?.copies[index] as GPUBuffer, 0, buffer, offset, size);
      });
      this.#device.queue.submit([encoder.finish()]);
      return;
    }
    this.#parts.forEach(({ buffer, offset }, index) => {
      this.#device.queue.writeBuffer(buffer, offset, snapshot.data[index] as Uint8Array<ArrayBuffer>);
    });
  }

  /** Refuses what is not a snapshot of a training like this one. */
  check(snapshot: object, optimizer: string): GpuSnapshot {
    const given = snapshot as Partial<GpuSnapshot>;
    const sizes = this.#parts.map(({ size }) => size);
    const shown = `a snapshot of ${String(given.type)}, ${String(given.optimizer)}, parts of ${String(given.sizes)} bytes`;
    if (
      given.version !== 1 ||
      given.type !== 'webgpu' ||
      given.optimizer !== optimizer ||
      String(given.sizes) !== String(sizes) ||
      given.data?.some((bytes, index) => bytes.byteLength !== sizes[index])
    ) {
      throw badArgument(
        `a snapshot of webgpu, ${optimizer}, parts of ${String(sizes)} bytes`,
        shown,
        'Restore a snapshot of the same network and the same optimizer.',
      );
    }
    return given as GpuSnapshot;
  }

  dispose(): void {
    this.#forget();
  }

  #forget(): void {
    for (const copy of this.#resident?.copies ?? []) copy.destroy();
    this.#resident = undefined;
  }

  #buffer(size: number, flags: number): GPUBuffer {
    return this.#device.createBuffer({ label: 'clr snapshot', size, usage: flags });
  }
}

/** The parts with neighbours in one buffer joined, so that a thousand parameters are few copies. */
export function joinParts(parts: readonly StatePart[]): readonly StatePart[] {
  const joined: StatePart[] = [];
  for (const part of parts) {
    const last = joined.at(-1);
    if (last && last.buffer === part.buffer && last.offset + last.size === part.offset) {
      joined[joined.length - 1] = { ...last, size: last.size + part.size };
    } else {
      joined.push(part);
    }
  }
  return joined;
}

/** The last snapshot with the means of its parts `from … to − 1`, which hold `f32`. */
export function averageParts(snapshots: readonly GpuSnapshot[], from: number, to: number): GpuSnapshot {
  const last = snapshots.at(-1);
  if (!last) throw badArgument('at least one snapshot', 'none', 'Pass what snapshot() gave.');
  const data = last.data.map((bytes, part) => {
    if (part < from || part >= to) return bytes.slice();
    const all = snapshots.map(({ data }) => new Float32Array((data[part] as typeof bytes).slice().buffer));
    const mean = new Float32Array(bytes.byteLength / 4).map(
      (_, index) => all.reduce((sum, values) => sum + (values[index] as number), 0) / all.length,
    );
    return new Uint8Array(mean.buffer);
  });
  return { ...last, data };
}
