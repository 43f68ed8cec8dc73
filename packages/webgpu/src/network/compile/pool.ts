import type { PoolLayer } from '../layers.ts';
import { volume } from '../network.ts';
import { declareBuffers, elementwise, type Op, type OpContext } from './op.ts';
import { activateFunction, placeFunction, slopeFunction, splitIndex } from './tensor.ts';

/** Max and average pooling. The backward pass gathers: each input reads the windows that contain it, so no atomics are needed. */
export function poolOp(context: OpContext, layer: PoolLayer): Op {
  const { device, batch, input, output } = context;
  const max = layer.type === 'maxPool';
  const outputs = batch * volume(output.shape);
  const winners = max ? [context.scratch('clr winners', outputs)] : [];
  const winnerOf = (access: 'read' | 'read_write') => (max ? ([['winners', access, 'u32']] as const) : []);
  const forward = elementwise(
    device,
    `clr ${layer.type}`,
    outputs,
    `${declareBuffers(['source', 'read'], ['result', 'read_write'], ...winnerOf('read_write'))}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('resultAt', output.shape, output.halo)}
${activateFunction(output.activation)}
${divisorFunction(layer, input.shape)}`,
    `${splitIndex('index', output.shape)}
  ${windowBounds(layer, input.shape)}
  ${max ? maxOf(input.shape[1]) : meanOf}`,
    [input.value, output.value, ...winners],
  );
  if (!context.needsInputGradient) return { forward: [forward], backward: [] };
  const [rows, columns] = output.shape;
  const backward = elementwise(
    device,
    `clr ${layer.type}, gradient`,
    batch * volume(input.shape),
    `${declareBuffers(['d', 'read'], ['source', 'read'], ['result', 'read_write'], ...winnerOf('read'))}
${placeFunction('sourceAt', input.shape, input.halo)}
${placeFunction('resultAt', input.shape, input.gradientHalo)}
${placeFunction('dAt', output.shape, output.gradientHalo)}
${placeFunction('winnerAt', output.shape, 0)}
${slopeFunction(input.activation)}
${divisorFunction(layer, input.shape)}`,
    `${splitIndex('index', input.shape)}
  ${windowsOver('y', 'oy', layer, rows)}
  ${windowsOver('x', 'ox', layer, columns)}
  var sum = 0.0;
  for (var oy = oyFrom; oy < oyTo; oy++) {
    for (var ox = oxFrom; ox < oxTo; ox++) {
      ${
        max
          ? `if (winners[winnerAt(b, oy, ox, c)] == y * ${input.shape[1]}u + x) { sum += d[dAt(b, oy, ox, c)]; }`
          : 'sum += d[dAt(b, oy, ox, c)] / divisor(oy, ox);'
      }
    }
  }
  result[resultAt(b, y, x, c)] = sum * slope(source[sourceAt(b, y, x, c)]);`,
    [output.gradient, input.value, input.gradient, ...winners],
  );
  return { forward: [forward], backward: [backward] };
}

/** The rows and columns of a window that lie inside the input. */
function windowBounds({ size, stride, padding }: PoolLayer, [height, width]: readonly number[]): string {
  const axis = (name: string, out: string, length: number | undefined): string =>
    `let ${name}From = max(${out} * ${stride}u, ${padding}u) - ${padding}u;
  let ${name}To = min(${out} * ${stride}u + ${size}u - ${padding}u, ${length}u);`;
  return `${axis('iy', 'y', height)}\n  ${axis('ix', 'x', width)}`;
}

/** The windows that contain a position. */
function windowsOver(
  position: string,
  name: string,
  { size, stride, padding }: PoolLayer,
  count: number,
): string {
  return `let ${name}From = (max(${position} + ${padding}u + 1u, ${size}u) - ${size}u + ${stride - 1}u) / ${stride}u;
  let ${name}To = min((${position} + ${padding}u) / ${stride}u + 1u, ${count}u);`;
}

/** Of equal maxima, the first in row order is taken. NaN counts as larger than every number, so that it is not lost. */
function maxOf(width: number): string {
  return `var best = source[sourceAt(b, iyFrom, ixFrom, c)];
  var winner = iyFrom * ${width}u + ixFrom;
  for (var iy = iyFrom; iy < iyTo; iy++) {
    for (var ix = ixFrom; ix < ixTo; ix++) {
      let value = source[sourceAt(b, iy, ix, c)];
      if (value > best || value != value) {
        best = value;
        winner = iy * ${width}u + ix;
      }
    }
  }
  result[resultAt(b, y, x, c)] = activate(best);
  winners[index] = winner;`;
}

const meanOf = `var sum = 0.0;
  for (var iy = iyFrom; iy < iyTo; iy++) {
    for (var ix = ixFrom; ix < ixTo; ix++) { sum += source[sourceAt(b, iy, ix, c)]; }
  }
  result[resultAt(b, y, x, c)] = activate(sum / divisor(y, x));`;

/**
 * The number by which the sum of a window is divided. It counts padding, but not the part of a window beyond the
 * padded edge.
 */
function divisorFunction({ size, stride, padding }: PoolLayer, [height, width]: readonly number[]): string {
  const axis = (out: string, length: number | undefined): string =>
    `min(${out} * ${stride}u + ${size}u, ${(length as number) + 2 * padding}u) - ${out} * ${stride}u`;
  return `fn divisor(oy: u32, ox: u32) -> f32 { return f32((${axis('oy', height)}) * (${axis('ox', width)})); }`;
}
