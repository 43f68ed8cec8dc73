import { f32 } from '../../device/wgsl.ts';
import type { ActivationLayer, DropoutLayer } from '../layers.ts';
import { volume } from '../network.ts';
import { declareBuffers, elementwise, type Op, type OpContext } from './op.ts';
import { hashFunction } from './random.ts';
import { activateFunction, placeFunction, slopeFunction, splitIndex } from './tensor.ts';

/**
 * Dropout, or an activation that is not fused into another layer. The backward pass computes the dropout mask again
 * from seed, step and index, so no mask is stored.
 */
export function pointwiseOp(context: OpContext, layer: DropoutLayer | ActivationLayer, place: number): Op {
  const { device, batch, input, output, state } = context;
  const count = batch * volume(input.shape);
  const rate = layer.type === 'dropout' ? layer.rate : 0;
  // Each layer of each seed has its own random stream.
  const stream = (Math.imul(context.seed, 0x9e3779b1) ^ Math.imul(place + 1, 0x85ebca6b)) >>> 0;
  const kept = `fn kept(i: u32) -> f32 {
  let drawn = f32(hash(i ^ hash(state[0] ^ ${stream}u)) >> 8u) * ${f32(2 ** -24)};
  return select(0.0, ${f32(1 / (1 - rate))}, drawn >= ${f32(rate)});
}`;
  const random = rate > 0 ? `${hashFunction}\n${kept}` : '';
  const states = (position: number): string =>
    rate > 0 ? `@group(0) @binding(${position}) var<storage, read> state: array<u32>;` : '';
  const extra = rate > 0 ? [state] : [];
  const forward = (drop: boolean) =>
    elementwise(
      device,
      `clr ${layer.type}`,
      count,
      `${declareBuffers(['source', 'read'], ['result', 'read_write'])}
${drop ? `${states(2)}\n${random}` : ''}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('resultAt', output.shape, output.halo)}
${activateFunction(output.activation)}`,
      `${splitIndex('index', input.shape)}
  result[resultAt(b, y, x, c)] = activate(source[sourceAt(b, y, x, c)]${drop ? ' * kept(index)' : ''});`,
      [input.value, output.value, ...(drop ? extra : [])],
    );
  const backward = elementwise(
    device,
    `clr ${layer.type}, gradient`,
    count,
    `${declareBuffers(['d', 'read'], ['source', 'read'], ['result', 'read_write'])}
${rate > 0 ? `${states(3)}\n${random}` : ''}
${placeFunction('dAt', output.shape, output.gradientHalo)}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('resultAt', input.shape, input.gradientHalo)}
${slopeFunction(input.activation)}`,
    `${splitIndex('index', input.shape)}
  result[resultAt(b, y, x, c)] = d[dAt(b, y, x, c)]${rate > 0 ? ' * kept(index)' : ''}
    * slope(source[sourceAt(b, y, x, c)]);`,
    [output.gradient, input.value, input.gradient, ...extra],
  );
  return {
    forward: [forward(rate > 0)],
    evaluate: [forward(false)],
    backward: context.needsInputGradient ? [backward] : [],
  };
}
