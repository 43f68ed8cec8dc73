import { type Dispatch, dispatchOf } from '../../device/pipelines.ts';
import { type Loss, volume } from '../network.ts';
import { declareBuffers } from './op.ts';
import { placeFunction, slopeFunction, splitPosition, type Tensor } from './tensor.ts';

/** The number of losses that the device keeps. One submission can have no more steps. */
export const historyLength = 1024;

/** The buffers that the loss kernel reads and writes. */
export interface LossBuffers {
  readonly output: Tensor;
  /** Class indices (`u32`) or wanted outputs (`f32`). */
  readonly target: GPUBuffer;
  /** Holds the number of rows in use, as `u32` at byte 0. */
  readonly info: GPUBuffer;
  /** The optimizer's counters. */
  readonly state: GPUBuffer;
  readonly loss: GPUBuffer;
  readonly accuracy: GPUBuffer;
  /**
   * The pairs (loss, accuracy) of the last steps, by tick. A tick is the number of a step among all steps executed on
   * the device.
   */
  readonly history: GPUBuffer;
}

const lanes = 256;

/**
 * Computes the loss, the accuracy and the output's gradient in one workgroup and in a fixed order. Rows past the
 * batch's count get no gradient and do not count.
 */
export function lossDispatch(device: GPUDevice, loss: Loss, batch: number, buffers: LossBuffers): Dispatch {
  const { output, target, info, state, history } = buffers;
  const crossEntropy = loss === 'crossEntropy';
  const code = `${declareBuffers(
    ['z', 'read'],
    ['wanted', 'read', crossEntropy ? 'u32' : 'f32'],
    ['counters', 'read', 'u32'],
    ['d', 'read_write'],
    ['loss', 'read_write'],
    ['accuracy', 'read_write'],
    ['history', 'read_write', 'vec2f'],
  )}
@group(0) @binding(7) var<uniform> info: vec4u;
${placeFunction('zAt', output.shape, output.halo)}
${placeFunction('dAt', output.shape, output.gradientHalo)}
${slopeFunction(output.activation)}
var<workgroup> sums: array<vec2f, ${lanes}>;

${crossEntropy ? crossEntropyRow(output) : squaredRow(output)}

@compute @workgroup_size(${lanes})
fn main(@builtin(local_invocation_index) lane: u32) {
  let count = info.x;
  var sum = vec2f();
  for (var b = lane; b < ${batch}u; b += ${lanes}u) { sum += row(b, count); }
  sums[lane] = sum;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { sums[lane] += sums[lane + half]; }
    workgroupBarrier();
  }
  if (lane == 0u) {
    let mean = sums[0] / f32(count);
    loss[0] = mean.x;
    accuracy[0] = mean.y;
    history[counters[8] % ${historyLength}u] = mean;
  }
}`;
  const resources = [
    output.value,
    target,
    state,
    output.gradient,
    buffers.loss,
    buffers.accuracy,
    history,
    info,
  ];
  return dispatchOf(device, `clr ${loss}`, code, resources, 1);
}

/** −log softmax. The maximum is subtracted first, so that no exponential overflows. */
function crossEntropyRow({ shape }: Tensor): string {
  const classes = volume(shape);
  return `fn logit(b: u32, index: u32) -> f32 {
  ${splitPosition('index', shape)}
  return z[zAt(b, y, x, c)];
}
fn row(b: u32, count: u32) -> vec2f {
  let label = wanted[b];
  var most = logit(b, 0u);
  var best = 0u;
  for (var k = 1u; k < ${classes}u; k++) {
    let value = logit(b, k);
    if (value > most) { most = value; best = k; }
  }
  var sum = 0.0;
  for (var k = 0u; k < ${classes}u; k++) { sum += exp(logit(b, k) - most); }
  for (var index = 0u; index < ${classes}u; index++) {
    ${splitPosition('index', shape)}
    let value = z[zAt(b, y, x, c)];
    let share = exp(value - most) / sum - select(0.0, 1.0, index == label);
    d[dAt(b, y, x, c)] = select(0.0, share / f32(count) * slope(value), b < count);
  }
  let loss = log(sum) + most - logit(b, label);
  return select(vec2f(), vec2f(loss, select(0.0, 1.0, best == label)), b < count);
}`;
}

/** The mean squared difference of a row. */
function squaredRow({ shape }: Tensor): string {
  const outputs = volume(shape);
  return `fn row(b: u32, count: u32) -> vec2f {
  var sum = 0.0;
  for (var index = 0u; index < ${outputs}u; index++) {
    ${splitPosition('index', shape)}
    let value = z[zAt(b, y, x, c)];
    let difference = value - wanted[b * ${outputs}u + index];
    sum += difference * difference;
    d[dAt(b, y, x, c)] = select(0.0, 2.0 * difference / (f32(count) * ${outputs}.0) * slope(value), b < count);
  }
  return select(vec2f(), vec2f(sum / ${outputs}.0, 0.0), b < count);
}`;
}
