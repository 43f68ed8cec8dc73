import { badArgument } from '../errors.ts';
import { checkParameters } from './checkParameters.ts';
import type { Parameter } from './parameter.ts';

/** The part of a buffer that one binding shows to a kernel. */
export interface Window {
  readonly buffer: GPUBuffer;
  /** The offset in bytes, a multiple of the device's offset alignment. */
  readonly offset: number;
  readonly size: number;
}

/**
 * A contiguous run of weights inside one value window and one gradient window. Its offsets count numbers from the
 * start of the window.
 */
export interface Piece {
  readonly value: number;
  readonly valueOffset: number;
  readonly gradient: number;
  readonly gradientOffset: number;
  readonly length: number;
}

/** The content of one dispatch: its windows, and the pieces that index them. */
export interface Group {
  readonly windows: readonly Window[];
  /** Marks the windows that hold values. Only these are written. */
  readonly written: ReadonlySet<number>;
  readonly pieces: readonly Piece[];
  /** The number of weights, with every piece rounded up to whole vec4s: the size of a slot. */
  readonly length: number;
}

/** Rounds a number of weights up to a multiple of four, the size of a slot. */
export function wholeFours(length: number): number {
  return Math.ceil(length / 4) * 4;
}

/**
 * True if a kernel may read and write four neighbours at once. All offsets must be multiples of four, and the last four
 * of each piece must lie inside its buffers.
 */
export function inFours({ windows, pieces }: Group): boolean {
  const fits = (window: number, offset: number, length: number): boolean => {
    const { size } = windows[window] as Window;
    return offset % 4 === 0 && offset + wholeFours(length) <= Math.floor(size / 16) * 4;
  };
  return pieces.every(
    ({ value, valueOffset, gradient, gradientOffset, length }) =>
      fits(value, valueOffset, length) && fits(gradient, gradientOffset, length),
  );
}

/**
 * True if a group is one run that a kernel can process in vec4s. Each of its slots is then contiguous, not split by
 * blocks.
 */
export function isOneRun(group: Group): boolean {
  return group.pieces.length === 1 && inFours(group);
}

/** The limits of a device that decide how parameters are grouped. */
export interface GroupLimits {
  readonly maxStorageBuffersPerShaderStage: number;
  readonly maxStorageBufferBindingSize: number;
  readonly minStorageBufferOffsetAlignment: number;
}

/** A kernel's bindings besides the windows: the block list, and the slots or the norm's partial sums. */
const ownBindings = 2;

/**
 * Groups parameters so that as few dispatches as possible update them all.
 *
 * Parameters that share buffers share bindings, and parameters that are neighbours in both buffers become one run. So
 * any number of parameters in one value buffer and one gradient buffer take **one dispatch**. Separate buffers take
 * two bindings each, so a dispatch holds `(maxStorageBuffersPerShaderStage − 2) / 2` of them (3 at WebGPU's default
 * of 8, 5 at SwiftShader's 12). A buffer beyond `maxStorageBufferBindingSize` is cut into windows.
 *
 * @param slots - numbers per weight that are kept between steps; their buffer must fit into one binding too
 */
export function groupParameters(
  parameters: readonly Parameter[],
  limits: GroupLimits,
  slots: number,
): readonly Group[] {
  checkParameters(parameters);
  const most = limits.maxStorageBuffersPerShaderStage - ownBindings;
  if (most < 2) {
    throw badArgument(
      'a device with at least 4 storage buffers per shader stage',
      `maxStorageBuffersPerShaderStage = ${limits.maxStorageBuffersPerShaderStage}`,
      'Ask for the adapter’s own limits: requestDevice() does.',
    );
  }
  const align = limits.minStorageBufferOffsetAlignment;
  const windowSize = Math.floor(limits.maxStorageBufferBindingSize / align) * align;
  const maxWeights = slots ? Math.floor(limits.maxStorageBufferBindingSize / 16 / slots) * 4 : Infinity;

  const groups: Group[] = [];
  let open = new OpenGroup();
  const close = (): void => {
    if (open.length) groups.push(open.finish());
    open = new OpenGroup();
  };
  for (const parameter of parameters) {
    let done = 0;
    while (done < parameter.length) {
      const value = windowAt(parameter.value, (parameter.valueOffset ?? 0) + done, windowSize);
      const gradient = windowAt(parameter.gradient, (parameter.gradientOffset ?? 0) + done, windowSize);
      if (open.windowsWith(value.window, gradient.window) > most || open.length >= maxWeights) close();
      const length = Math.min(parameter.length - done, value.left, gradient.left, maxWeights - open.length);
      open.add(value, gradient, length);
      done += length;
    }
  }
  close();
  return groups;
}

interface Place {
  readonly window: Window;
  /** Numbers from the window's start. */
  readonly offset: number;
  /** Numbers to the window's end. */
  readonly left: number;
}

function windowAt(buffer: GPUBuffer, element: number, windowSize: number): Place {
  const start = Math.floor((element * 4) / windowSize) * windowSize;
  const size = Math.min(windowSize, Math.floor(buffer.size / 4) * 4 - start);
  const offset = element - start / 4;
  return { window: { buffer, offset: start, size }, offset, left: size / 4 - offset };
}

class OpenGroup {
  readonly #windows: Window[] = [];
  readonly #written = new Set<number>();
  readonly #pieces: Piece[] = [];
  length = 0;

  windowsWith(...more: Window[]): number {
    const extra = more.filter(
      (window, index) => this.#find(window) < 0 && more.findIndex((other) => same(other, window)) === index,
    );
    return this.#windows.length + extra.length;
  }

  add(value: Place, gradient: Place, length: number): void {
    const piece: Piece = {
      value: this.#index(value.window),
      valueOffset: value.offset,
      gradient: this.#index(gradient.window),
      gradientOffset: gradient.offset,
      length,
    };
    this.#written.add(piece.value);
    this.length += wholeFours(length);
    const last = this.#pieces.at(-1);
    if (
      last &&
      last.value === piece.value &&
      last.gradient === piece.gradient &&
      last.valueOffset + last.length === piece.valueOffset &&
      last.gradientOffset + last.length === piece.gradientOffset
    ) {
      this.#pieces[this.#pieces.length - 1] = { ...last, length: last.length + length };
    } else {
      this.#pieces.push(piece);
    }
  }

  finish(): Group {
    const length = this.#pieces.reduce((total, piece) => total + wholeFours(piece.length), 0);
    return { windows: this.#windows, written: this.#written, pieces: this.#pieces, length };
  }

  #find(window: Window): number {
    return this.#windows.findIndex((other) => same(other, window));
  }

  #index(window: Window): number {
    const found = this.#find(window);
    return found < 0 ? this.#windows.push(window) - 1 : found;
  }
}

function same(a: Window, b: Window): boolean {
  return a.buffer === b.buffer && a.offset === b.offset;
}
