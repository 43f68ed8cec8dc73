import { dispatchOf } from '../../device/pipelines.ts';
import { f32 } from '../../device/wgsl.ts';
import type { BatchNormLayer } from '../layers.ts';
import { type Shape, volume } from '../network.ts';
import { declareBuffers, elementwise, type Op, type OpContext } from './op.ts';
import { activateFunction, placeFunction, slopeFunction, splitIndex } from './tensor.ts';

/** The number of threads that sum one channel together. */
const lanes = 128;

/**
 * Batch normalization. In the forward pass, one workgroup per channel computes the mean and the variance (in two
 * passes, to avoid cancellation). Then every number is normalized. In the backward pass, one workgroup per channel
 * sums the gradients.
 */
export function batchNormOp(context: OpContext, layer: BatchNormLayer): Op {
  const { device, batch, placed, input, output, values, gradients, statistics } = context;
  const channels = input.shape[2];
  const perChannel = (batch * volume(input.shape)) / channels;
  const count = batch * volume(input.shape);
  const [scale, shift] = [placed.parameters, placed.parameters + channels];
  const [mean, variance] = [placed.statistics, placed.statistics + channels];
  // per channel: mean, 1 / sqrt(variance + ε)
  const moments = context.scratch('clr moments', 2 * channels);
  const keep = f32(1 - layer.momentum);
  const take = f32(layer.momentum);

  const measure = dispatchOf(
    device,
    'clr batchNorm, moments',
    channelKernel(
      channels,
      `${declareBuffers(['source', 'read'], ['moments', 'read_write'], ['statistics', 'read_write'])}
${placeFunction('sourceAt', input.shape, input.halo)}`,
      input.shape,
      perChannel,
      { total: 'source[sourceAt(b, y, x, c)]', squares: 'square(source[sourceAt(b, y, x, c)] - mean)' },
      `let mean = total(lane, c, 0.0, 0.0) / ${perChannel}.0;
  let variance = squares(lane, c, mean, 0.0) / ${perChannel}.0;
  if (lane == 0u) {
    moments[2u * c] = mean;
    moments[2u * c + 1u] = 1.0 / sqrt(variance + ${f32(layer.epsilon)});
    statistics[${mean}u + c] = ${keep} * statistics[${mean}u + c] + ${take} * mean;
    statistics[${variance}u + c] = ${keep} * statistics[${variance}u + c]
      + ${take} * variance * ${f32(perChannel / Math.max(1, perChannel - 1))};
  }`,
    ),
    [input.value, moments, statistics],
    channels,
  );
  const normalize = (label: string, moment: string, source: GPUBuffer) =>
    elementwise(
      device,
      label,
      count,
      `${declareBuffers(['source', 'read'], ['values', 'read'], ['known', 'read'], ['result', 'read_write'])}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('resultAt', output.shape, output.halo)}
${activateFunction(output.activation)}`,
      `${splitIndex('index', input.shape)}
  ${moment}
  let normal = (source[sourceAt(b, y, x, c)] - mean) * inverse;
  result[resultAt(b, y, x, c)] = activate(normal * values[${scale}u + c] + values[${shift}u + c]);`,
      [input.value, values, source, output.value],
    );
  const forward = [
    measure,
    normalize('clr batchNorm', 'let mean = known[2u * c]; let inverse = known[2u * c + 1u];', moments),
  ];
  const evaluate = [
    normalize(
      'clr batchNorm, evaluation',
      `let mean = known[${mean}u + c]; let inverse = 1.0 / sqrt(known[${variance}u + c] + ${f32(layer.epsilon)});`,
      statistics,
    ),
  ];

  const backward = [
    dispatchOf(
      device,
      'clr batchNorm, gradient of scale and shift',
      channelKernel(
        channels,
        `${declareBuffers(['source', 'read'], ['moments', 'read'], ['d', 'read'], ['gradients', 'read_write'])}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('dAt', output.shape, output.gradientHalo)}`,
        input.shape,
        perChannel,
        {
          total: 'd[dAt(b, y, x, c)]',
          products: 'd[dAt(b, y, x, c)] * (source[sourceAt(b, y, x, c)] - mean) * inverse',
        },
        `let mean = moments[2u * c];
  let inverse = moments[2u * c + 1u];
  let shift = total(lane, c, 0.0, 0.0);
  let scale = products(lane, c, mean, inverse);
  if (lane == 0u) {
    gradients[${scale}u + c] = scale;
    gradients[${shift}u + c] = shift;
  }`,
      ),
      [input.value, moments, output.gradient, gradients],
      channels,
    ),
  ];
  if (context.needsInputGradient) {
    backward.push(
      elementwise(
        device,
        'clr batchNorm, gradient of input',
        count,
        `${declareBuffers(['source', 'read'], ['values', 'read'], ['moments', 'read'], ['d', 'read'], ['gradients', 'read'], ['result', 'read_write'])}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('dAt', output.shape, output.gradientHalo)}
${placeFunction('resultAt', input.shape, input.gradientHalo)}
${slopeFunction(input.activation)}`,
        `${splitIndex('index', input.shape)}
  let inverse = moments[2u * c + 1u];
  let value = source[sourceAt(b, y, x, c)];
  let normal = (value - moments[2u * c]) * inverse;
  let rest = (gradients[${shift}u + c] + normal * gradients[${scale}u + c]) / ${perChannel}.0;
  result[resultAt(b, y, x, c)] = values[${scale}u + c] * inverse * (d[dAt(b, y, x, c)] - rest) * slope(value);`,
        [input.value, values, moments, output.gradient, gradients, input.gradient],
      ),
    );
  }
  return { forward, evaluate, backward };
}

/**
 * A kernel with one workgroup per channel `c`. Each named sum becomes `name(lane, c, mean, inverse)`: its
 * expression over the channel's numbers `(b, y, x)`, added up in a fixed order.
 */
function channelKernel(
  channels: number,
  declarations: string,
  [height, width]: Shape,
  perChannel: number,
  sums: Readonly<Record<string, string>>,
  body: string,
): string {
  const functions = Object.entries(sums).map(
    ([name, expression]) => `fn ${name}(lane: u32, c: u32, mean: f32, inverse: f32) -> f32 {
  var sum = 0.0;
  for (var i = lane; i < ${perChannel}u; i += ${lanes}u) {
    let x = i % ${width}u;
    let y = i / ${width}u % ${height}u;
    let b = i / ${width * height}u;
    sum += ${expression};
  }
  return fold(lane, sum);
}`,
  );
  return `${declarations}
var<workgroup> folded: array<f32, ${lanes}>;
fn square(x: f32) -> f32 { return x * x; }
fn fold(lane: u32, sum: f32) -> f32 {
  workgroupBarrier();
  folded[lane] = sum;
  workgroupBarrier();
  for (var half = ${lanes / 2}u; half > 0u; half /= 2u) {
    if (lane < half) { folded[lane] += folded[lane + half]; }
    workgroupBarrier();
  }
  return folded[0];
}
${functions.join('\n')}

@compute @workgroup_size(${lanes})
fn main(
  @builtin(workgroup_id) workgroup: vec3u,
  @builtin(num_workgroups) workgroups: vec3u,
  @builtin(local_invocation_index) lane: u32,
) {
  // A dispatch dimension holds 65,535 workgroups; more need a second dimension.
  let c = workgroup.y * workgroups.x + workgroup.x;
  if (c >= ${channels}u) { return; }
  ${body}
}`;
}
