import type { Conv2dLayer, DenseLayer } from '../layers.ts';
import { type PlacedLayer, volume } from '../network.ts';
import { declareBuffers, elementwise, type Op, type OpContext } from './op.ts';
import { activateFunction, placeFunction, slopeFunction } from './tensor.ts';

/** A dense layer or a convolution as one kind of thing: a dense layer is a 1 × 1 convolution of a 1 × 1 image. */
interface Geometry {
  readonly height: number;
  readonly width: number;
  readonly inputs: number;
  readonly rows: number;
  readonly columns: number;
  readonly outputs: number;
  readonly kernel: number;
  readonly stride: number;
  readonly padding: number;
}

/** Weights per thread as {@link weightSplit} counts them. Not the measured tile: bits must not depend on a measurement. */
const countedTile = 4;

/** About how many threads a weight gradient should have; the sum over the batch is split to reach it. */
const wantedThreads = 4096;

/** Dense layers and convolutions: forward, and the gradients by weights and by input. */
export function productOp(context: OpContext, layer: DenseLayer | Conv2dLayer): Op {
  const geometry = geometryOf(context.placed, layer);
  const backward = [weightGradient(context, geometry)];
  if (context.needsInputGradient) backward.push(inputGradient(context, geometry));
  return { forward: [forward(context, geometry)], backward };
}

/** The border that a layer's output gradient needs, for the layer's own input gradient. */
export function gradientHaloOf(layer: DenseLayer | Conv2dLayer): number {
  return layer.type === 'conv2d' && layer.stride === 1 ? Math.max(0, layer.kernel - 1 - layer.padding) : 0;
}

function geometryOf({ input, output }: PlacedLayer, layer: DenseLayer | Conv2dLayer): Geometry {
  if (layer.type === 'dense') {
    const inputs = volume(input);
    const one = { height: 1, width: 1, rows: 1, columns: 1, kernel: 1, stride: 1, padding: 0 };
    return { ...one, inputs, outputs: layer.units };
  }
  const [height, width, inputs] = input;
  const [rows, columns, outputs] = output;
  const { kernel, stride, padding } = layer;
  return { height, width, inputs, rows, columns, outputs, kernel, stride, padding };
}

/** How a layer's weight gradient is computed in parts. */
export interface WeightSplit {
  /** Numbers in one part: all weights and biases. */
  readonly length: number;
  /** How many parts; 1 needs no folding. */
  readonly splits: number;
}

/** How the weight gradient's sum over a batch is split; depends on shapes alone, as its bits do. */
export function weightSplit(
  placed: PlacedLayer,
  layer: DenseLayer | Conv2dLayer,
  batch: number,
): WeightSplit {
  const { kernel, inputs, outputs, rows } = geometryOf(placed, layer);
  const depth = kernel * kernel * inputs;
  const tiles = Math.ceil(depth / countedTile) * Math.ceil(outputs / countedTile);
  const mostSplits = Math.max(1, Math.floor((batch * rows) / 8));
  const splits = Math.min(mostSplits, Math.ceil(wantedThreads / tiles), 64);
  return { length: (depth + 1) * outputs, splits };
}

const range = (count: number): number[] => Array.from({ length: count }, (_, index) => index);
const each = (count: number, text: (index: number) => string): string => range(count).map(text).join('\n');
const grid = (rows: number, columns: number, text: (row: number, column: number) => string): string =>
  each(rows, (row) => each(columns, (column) => text(row, column)));

/** y[m, n] = act(b[n] + Σ x[m, k] w[k, n]), m over batch, rows and columns. */
function forward({ device, batch, tile, placed, input, output, values }: OpContext, g: Geometry) {
  const m = batch * g.rows * g.columns;
  const [tm, tn] = [Math.min(tile, m), Math.min(tile, g.outputs)];
  const columnTiles = Math.ceil(g.outputs / tn);
  const inRow = (g.width + 2 * input.halo) * g.inputs;
  const inImage = (g.height + 2 * input.halo) * inRow;
  const shift = input.halo - g.padding; // 0: the border is what the padding asks for
  const run = g.kernel * g.inputs;
  const w = placed.parameters;
  const bias = w + g.kernel * run * g.outputs;
  const outRow = (g.columns + 2 * output.halo) * g.outputs;
  const outImage = (g.rows + 2 * output.halo) * outRow;
  return elementwise(
    device,
    `clr ${placed.layer.type}`,
    Math.ceil(m / tm) * columnTiles,
    `${declareBuffers(['x', 'read'], ['w', 'read'], ['y', 'read_write'])}\n${activateFunction(output.activation)}`,
    `let mBase = index / ${columnTiles}u * ${tm}u;
  let nBase = index % ${columnTiles}u * ${tn}u;
  ${each(tn, (j) => `let n${j} = min(nBase + ${j}u, ${g.outputs - 1}u);`)}
  ${each(tm, (i) => {
    const at = `let m${i} = min(mBase + ${i}u, ${m - 1}u);`;
    const b = `let b${i} = m${i} / ${g.rows * g.columns}u; let r${i} = m${i} / ${g.columns}u % ${g.rows}u; let c${i} = m${i} % ${g.columns}u;`;
    return `${at} ${b}
  var x${i} = b${i} * ${inImage}u + (r${i} * ${g.stride}u + ${shift}u) * ${inRow}u + (c${i} * ${g.stride}u + ${shift}u) * ${g.inputs}u;`;
  })}
  ${grid(tm, tn, (i, j) => `var a${i}_${j} = w[${bias}u + n${j}];`)}
  var k = ${w}u;
  for (var ky = 0u; ky < ${g.kernel}u; ky++) {
    for (var r = 0u; r < ${run}u; r++) {
      ${each(tn, (j) => `let w${j} = w[k + n${j}];`)}
      ${each(tm, (i) => `let v${i} = x[x${i} + r];`)}
      ${grid(tm, tn, (i, j) => `a${i}_${j} += v${i} * w${j};`)}
      k += ${g.outputs}u;
    }
    ${each(tm, (i) => `x${i} += ${inRow}u;`)}
  }
  ${each(
    tm,
    (i) => `if (mBase + ${i}u < ${m}u) {
    let o = b${i} * ${outImage}u + (r${i} + ${output.halo}u) * ${outRow}u + (c${i} + ${output.halo}u) * ${g.outputs}u;
    ${each(tn, (j) => `if (nBase + ${j}u < ${g.outputs}u) { y[o + n${j}] = activate(a${i}_${j}); }`)}
  }`,
  )}`,
    [input.value, values, output.value],
  );
}

/** ∂/∂w[k, n] = Σ_m x[m, k] d[m, n], the sum over the batch's rows cut into `splits` parts that are folded later. */
function weightGradient(context: OpContext, g: Geometry) {
  const { device, batch, tile, placed, input, output, gradients } = context;
  const depth = g.kernel * g.kernel * g.inputs;
  const [tk, tn] = [Math.min(tile, depth), Math.min(tile, g.outputs)];
  const [rowTiles, columnTiles] = [Math.ceil(depth / tk), Math.ceil(g.outputs / tn)];
  const lines = batch * g.rows;
  const { length, splits } = weightSplit(placed, placed.layer as DenseLayer | Conv2dLayer, batch);
  const perSplit = Math.ceil(lines / splits);
  const target =
    splits === 1 ? { buffer: gradients, offset: placed.parameters } : context.partials(length, splits);
  const inRow = (g.width + 2 * input.halo) * g.inputs;
  const inImage = (g.height + 2 * input.halo) * inRow;
  const shift = input.halo - g.padding;
  const halo = output.gradientHalo;
  const outRow = (g.columns + 2 * halo) * g.outputs;
  const outImage = (g.rows + 2 * halo) * outRow;
  return elementwise(
    device,
    `clr ${placed.layer.type}, gradient of weights`,
    rowTiles * columnTiles * splits,
    declareBuffers(['x', 'read'], ['d', 'read'], ['gradients', 'read_write']),
    `let nBase = index % ${columnTiles}u * ${tn}u;
  let kBase = index / ${columnTiles}u % ${rowTiles}u * ${tk}u;
  let split = index / ${columnTiles * rowTiles}u;
  ${each(tn, (j) => `let n${j} = min(nBase + ${j}u, ${g.outputs - 1}u); var bias${j} = 0.0;`)}
  ${each(
    tk,
    (i) => `let k${i} = min(kBase + ${i}u, ${depth - 1}u);
  let x${i} = k${i} / ${g.kernel * g.inputs}u * ${inRow}u + k${i} % ${g.kernel * g.inputs}u;`,
  )}
  ${grid(tk, tn, (i, j) => `var a${i}_${j} = 0.0;`)}
  let end = min((split + 1u) * ${perSplit}u, ${lines}u);
  for (var line = split * ${perSplit}u; line < end; line++) {
    let b = line / ${g.rows}u;
    let r = line % ${g.rows}u;
    var at = b * ${inImage}u + (r * ${g.stride}u + ${shift}u) * ${inRow}u + ${shift * g.inputs}u;
    var o = b * ${outImage}u + (r + ${halo}u) * ${outRow}u + ${halo * g.outputs}u;
    for (var c = 0u; c < ${g.columns}u; c++) {
      ${each(tn, (j) => `let d${j} = d[o + n${j}]; bias${j} += d${j};`)}
      ${each(tk, (i) => `let v${i} = x[at + x${i}];`)}
      ${grid(tk, tn, (i, j) => `a${i}_${j} += v${i} * d${j};`)}
      at += ${g.stride * g.inputs}u;
      o += ${g.outputs}u;
    }
  }
  let base = ${target.offset}u + split * ${length}u;
  ${grid(
    tk,
    tn,
    (i, j) =>
      `if (kBase + ${i}u < ${depth}u && nBase + ${j}u < ${g.outputs}u) { gradients[base + k${i} * ${g.outputs}u + n${j}] = a${i}_${j}; }`,
  )}
  if (kBase == 0u) {
    ${each(tn, (j) => `if (nBase + ${j}u < ${g.outputs}u) { gradients[base + ${depth * g.outputs}u + n${j}] = bias${j}; }`)}
  }`,
    [input.value, output.gradient, target.buffer],
  );
}

/** ∂/∂x[p, i] = slope · Σ d[p − k, o] w[k, i, o]: a convolution of the gradient with the flipped kernel. */
function inputGradient({ device, batch, tile, placed, input, output, values }: OpContext, g: Geometry) {
  const p = batch * g.height * g.width;
  const [tp, ti] = [Math.min(tile, p), Math.min(tile, g.inputs)];
  const inputTiles = Math.ceil(g.inputs / ti);
  const halo = output.gradientHalo;
  const outRow = (g.columns + 2 * halo) * g.outputs;
  const outImage = (g.rows + 2 * halo) * outRow;
  const valueRow = (g.width + 2 * input.halo) * g.inputs;
  const valueImage = (g.height + 2 * input.halo) * valueRow;
  const gradientRow = (g.width + 2 * input.gradientHalo) * g.inputs;
  const gradientImage = (g.height + 2 * input.gradientHalo) * gradientRow;
  const strided = g.stride > 1;
  // a dense layer sees its input flattened, but the gradient's reader may want a border around it
  const flat = placed.layer.type === 'dense' && input.gradientHalo > 0;
  const [, inWidth, inChannels] = input.shape;
  const flatAt = `fn flatAt(b: u32, i: u32) -> u32 {
  return at(b, i / ${inWidth * inChannels}u, i / ${inChannels}u % ${inWidth}u, i % ${inChannels}u);
}`;
  // with stride 1, row y + padding − ky of the gradient always exists, thanks to its border
  const shift = g.padding + halo;
  const place = (i: number): string =>
    strided
      ? `let sy${i} = y${i} + ${g.padding}u - ky; let sx${i} = x${i} + ${g.padding}u - kx;
      // a negative number wraps around and is too large
      let in${i} = sy${i} % ${g.stride}u == 0u && sx${i} % ${g.stride}u == 0u && sy${i} < ${g.rows * g.stride}u && sx${i} < ${g.columns * g.stride}u;
      let d${i} = select(0u, b${i} * ${outImage}u + sy${i} / ${g.stride}u * ${outRow}u + sx${i} / ${g.stride}u * ${g.outputs}u, in${i});`
      : `let d${i} = b${i} * ${outImage}u + (y${i} + ${shift}u - ky) * ${outRow}u + (x${i} + ${shift}u - kx) * ${g.outputs}u;`;
  return elementwise(
    device,
    `clr ${placed.layer.type}, gradient of input`,
    Math.ceil(p / tp) * inputTiles,
    `${declareBuffers(['d', 'read'], ['w', 'read'], ['x', 'read'], ['dx', 'read_write'])}
${slopeFunction(input.activation)}
${flat ? `${placeFunction('at', input.shape, input.gradientHalo)}\n${flatAt}` : ''}`,
    `let pBase = index / ${inputTiles}u * ${tp}u;
  let iBase = index % ${inputTiles}u * ${ti}u;
  ${each(ti, (j) => `let c${j} = min(iBase + ${j}u, ${g.inputs - 1}u);`)}
  ${each(
    tp,
    (i) => `let p${i} = min(pBase + ${i}u, ${p - 1}u);
  let b${i} = p${i} / ${g.height * g.width}u; let y${i} = p${i} / ${g.width}u % ${g.height}u; let x${i} = p${i} % ${g.width}u;`,
  )}
  ${grid(tp, ti, (i, j) => `var a${i}_${j} = 0.0;`)}
  for (var ky = 0u; ky < ${g.kernel}u; ky++) {
    for (var kx = 0u; kx < ${g.kernel}u; kx++) {
      ${each(tp, place)}
      let k = ${placed.parameters}u + (ky * ${g.kernel}u + kx) * ${g.inputs * g.outputs}u;
      ${each(ti, (j) => `let k${j} = k + c${j} * ${g.outputs}u;`)}
      for (var o = 0u; o < ${g.outputs}u; o++) {
        ${each(tp, (i) => `let v${i} = ${strided ? `select(0.0, d[d${i} + o], in${i})` : `d[d${i} + o]`};`)}
        ${each(ti, (j) => `let w${j} = w[k${j} + o];`)}
        ${grid(tp, ti, (i, j) => `a${i}_${j} += v${i} * w${j};`)}
      }
    }
  }
  ${each(
    tp,
    (i) => `if (pBase + ${i}u < ${p}u) {
    let v = b${i} * ${valueImage}u + (y${i} + ${input.halo}u) * ${valueRow}u + (x${i} + ${input.halo}u) * ${g.inputs}u;
    let q = b${i} * ${gradientImage}u + (y${i} + ${input.gradientHalo}u) * ${gradientRow}u + (x${i} + ${input.gradientHalo}u) * ${g.inputs}u;
    ${each(ti, (j) => `if (iBase + ${j}u < ${g.inputs}u) { dx[${flat ? `flatAt(b${i}, c${j})` : `q + c${j}`}] = a${i}_${j} * slope(x[v + c${j}]); }`)}
  }`,
  )}`,
    [output.gradient, values, input.value, input.gradient],
  );
}
