import { mapRead, usage } from '../device/flags.ts';
import type { Health } from '../device/health.ts';

interface Waiting {
  resolve(value: number): void;
  reject(error: unknown): void;
}

/** A readback buffer and the promises that wait for its numbers. */
interface Window {
  readonly buffer: GPUBuffer;
  readonly waiting: Waiting[];
}

/**
 * Reads single numbers from the device, several in one readback. Each step copies its numbers into a readback buffer.
 * The buffer is mapped when it is full, or when the host has nothing more to submit for now.
 */
export class LateReads {
  readonly #device: GPUDevice;
  readonly #health: Health;
  readonly #capacity: number;
  readonly #all = new Set<GPUBuffer>();
  readonly #free: GPUBuffer[] = [];
  #open: Window | undefined;
  #timer: ReturnType<typeof setTimeout> | undefined;

  /** @param capacity - how many numbers one readback holds */
  constructor(device: GPUDevice, health: Health, capacity: number) {
    this.#device = device;
    this.#health = health;
    this.#capacity = capacity;
  }

  /** Encodes the copy of the `f32` at the start of each source. The promises settle after {@link submitted}. */
  encode(encoder: GPUCommandEncoder, sources: readonly GPUBuffer[]): Promise<number>[] {
    if (this.#open && this.#open.waiting.length + sources.length > this.#capacity) this.flush();
    this.#open ??= { buffer: this.#take(), waiting: [] };
    const { buffer, waiting } = this.#open;
    return sources.map((source) => {
      encoder.copyBufferToBuffer(source, 0, buffer, waiting.length * 4, 4);
      const promise = new Promise<number>((resolve, reject) => waiting.push({ resolve, reject }));
      promise.catch(() => undefined); // The next call throws the error too, so this promise need not be awaited.
      return promise;
    });
  }

  /** Starts to read now if the buffer is full, else soon. Call it after the encoded copies were submitted. */
  submitted(): void {
    if (this.#open && this.#open.waiting.length >= this.#capacity) this.flush();
    else this.#timer ??= setTimeout(() => this.flush(), 0);
  }

  /** Starts to read the numbers that were encoded so far. */
  flush(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const window = this.#open;
    this.#open = undefined;
    if (window) void this.#read(window);
  }

  dispose(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.flush();
    for (const buffer of this.#all) buffer.destroy();
    this.#all.clear();
  }

  async #read({ buffer, waiting }: Window): Promise<void> {
    try {
      await buffer.mapAsync(mapRead);
      const fault = await this.#health.settled();
      if (fault) throw fault;
      const numbers = new Float32Array(buffer.getMappedRange()).slice(0, waiting.length);
      buffer.unmap();
      this.#free.push(buffer);
      waiting.forEach(({ resolve }, index) => {
        resolve(numbers[index] as number);
      });
    } catch (error) {
      this.#all.delete(buffer);
      buffer.destroy();
      const reason = await this.#health.explain(error);
      for (const { reject } of waiting) reject(reason);
    }
  }

  #take(): GPUBuffer {
    const free = this.#free.pop();
    if (free) return free;
    const buffer = this.#device.createBuffer({
      label: 'clr losses',
      size: this.#capacity * 4,
      usage: usage.mapRead | usage.copyTarget,
    });
    this.#all.add(buffer);
    return buffer;
  }
}
