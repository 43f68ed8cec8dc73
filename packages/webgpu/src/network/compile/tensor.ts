import type { ActivationLayer } from '../layers.ts';
import type { Shape } from '../network.ts';

/** An activation that is fused into a layer's kernel. */
export type Activation = ActivationLayer['type'] | undefined;

/**
 * A batch of activations, channels last. A border of zeros, as wide as the next layer needs, saves kernels the test
 * whether a neighbour exists. The border is never written.
 */
export interface Tensor {
  readonly shape: Shape;
  readonly value: GPUBuffer;
  /** The border of `value`. */
  readonly halo: number;
  /** The gradient of the loss with respect to the value **before** the activation. */
  readonly gradient: GPUBuffer;
  /** The border of `gradient`. */
  readonly gradientHalo: number;
  /** The activation that `value` is the result of. */
  readonly activation: Activation;
}

/** The number of elements in a batch with its borders. */
export function haloLength([height, width, channels]: Shape, halo: number, batch: number): number {
  return batch * (height + 2 * halo) * (width + 2 * halo) * channels;
}

/** `fn name(b, y, x, c) -> u32`: the index of an element. The first row and column are `-halo`. */
export function placeFunction(name: string, [height, width, channels]: Shape, halo: number): string {
  const [rows, columns] = [height + 2 * halo, width + 2 * halo];
  return `fn ${name}(b: u32, y: u32, x: u32, c: u32) -> u32 {
  return ((b * ${rows}u + y + ${halo}u) * ${columns}u + x + ${halo}u) * ${channels}u + c;
}`;
}

/** WGSL that splits an index over row, column, channel (fastest) into `y`, `x`, `c`. */
export function splitPosition(index: string, [height, width, channels]: Shape): string {
  return `let c = ${index} % ${channels}u;
  let x = ${index} / ${channels}u % ${width}u;
  let y = ${index} / ${width * channels}u % ${height}u;`;
}

/** WGSL that splits an index over a batch into `b`, `y`, `x`, `c`. */
export function splitIndex(index: string, shape: Shape): string {
  return `let b = ${index} / ${shape[0] * shape[1] * shape[2]}u;
  ${splitPosition(index, shape)}`;
}

/** `fn activate(x)`; NaN stays NaN, so that divergence stays visible. */
export function activateFunction(activation: Activation): string {
  const body = {
    relu: 'select(x, 0.0, x < 0.0)',
    sigmoid: '1.0 / (1.0 + exp(-x))',
    tanh: 'tanh(clamp(x, -15.0, 15.0))',
    none: 'x',
  }[activation ?? 'none'];
  return `fn activate(x: f32) -> f32 { return ${body}; }`;
}

/** `fn slope(y)`: the activation's derivative, from its value. */
export function slopeFunction(activation: Activation): string {
  const body = {
    relu: 'select(0.0, 1.0, y > 0.0)',
    sigmoid: 'y * (1.0 - y)',
    tanh: '1.0 - y * y',
    none: '1.0',
  }[activation ?? 'none'];
  return `fn slope(y: f32) -> f32 { return ${body}; }`;
}

/** Threads per workgroup of kernels whose threads are independent. */
export const threads = 64;

/** The entry point of a kernel whose threads are independent: `index` runs over `count`. */
export function mainOver(count: number, body: string): string {
  return `@compute @workgroup_size(${threads})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  let index = (workgroup.y * workgroups.x + workgroup.x) * ${threads}u + lane;
  if (index >= ${count}u) { return; }
  ${body}
}`;
}

/** The number of workgroups that cover `count` threads. */
export function workgroupsFor(count: number): number {
  return Math.ceil(count / threads);
}
