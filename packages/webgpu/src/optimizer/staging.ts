import { usage } from '../device/flags.ts';
import { readBuffer } from '../device/readBuffer.ts';

/**
 * Staging buffers that wait for their copies to be executed.
 *
 * A caller may submit an encoder at any time. Only the device's own tick counter proves that a copy was executed. Once
 * a few buffers are waiting, the counter is read back without blocking.
 */
export class Staging {
  readonly #device: GPUDevice;
  readonly #state: GPUBuffer;
  readonly #ticksOffset: number;
  #waiting: { readonly buffer: GPUBuffer; readonly tick: number }[] = [];
  #ticks = 0;
  #asking = false;
  #disposed = false;

  constructor(device: GPUDevice, state: GPUBuffer, ticksOffset: number) {
    this.#device = device;
    this.#state = state;
    this.#ticksOffset = ticksOffset;
  }

  /** Keeps a buffer until its copy, which is encoded before the next step, has been executed. */
  add(buffer: GPUBuffer): void {
    this.#waiting.push({ buffer, tick: this.#ticks });
    if (this.#waiting.length > 2) this.#collect();
  }

  /** Encodes the write of one `u32`. */
  encodeWord(encoder: GPUCommandEncoder, target: GPUBuffer, offset: number, word: number): void {
    const buffer = this.#device.createBuffer({
      label: 'clr staging',
      size: 4,
      usage: usage.copySource,
      mappedAtCreation: true,
    });
    new Uint32Array(buffer.getMappedRange())[0] = word;
    buffer.unmap();
    encoder.copyBufferToBuffer(buffer, 0, target, offset, 4);
    this.add(buffer);
  }

  /** Steps encoded so far. */
  get ticks(): number {
    return this.#ticks;
  }

  /** Counts one more encoded step. */
  ticked(): void {
    this.#ticks += 1;
  }

  /** Releases the buffers after all copies were submitted. WebGPU keeps a destroyed buffer until they are executed. */
  submitted(): void {
    for (const { buffer } of this.#waiting) buffer.destroy();
    this.#waiting = [];
  }

  dispose(): void {
    this.#disposed = true;
    this.submitted();
  }

  #collect(): void {
    if (this.#asking) return;
    this.#asking = true;
    readBuffer(this.#device, this.#state, this.#ticksOffset, 4)
      .then((bytes) => {
        const executed = new Uint32Array(bytes)[0] as number;
        // The device's counter wraps, so compare differences modulo 2^32.
        const done = (tick: number): boolean => ((executed - tick - 1) | 0) >= 0;
        for (const { buffer, tick } of this.#waiting) if (done(tick)) buffer.destroy();
        this.#waiting = this.#waiting.filter(({ tick }) => !done(tick));
      })
      .catch(() => undefined) // The device was disposed or lost meanwhile. The next use of the device reports it.
      .finally(() => {
        this.#asking = false;
        if (this.#disposed) this.dispose();
      });
  }
}
