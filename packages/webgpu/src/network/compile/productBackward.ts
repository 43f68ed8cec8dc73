import type { Dispatch } from '../../device/pipelines.ts';
import type { Conv2dLayer, DenseLayer } from '../layers.ts';
import { declareBuffers, elementwise, type OpContext } from './op.ts';
import { type Geometry, tileOf, weightSplit } from './productGeometry.ts';
import { placeFunction, slopeFunction, threads } from './tensor.ts';
import { each, grid, repeat, repeatBetween } from './unroll.ts';

/** A part of a kernel's threads and their code. `body` can use `index`, which is below `count`. */
interface Share {
  readonly count: number;
  readonly functions: string;
  readonly body: string;
}

/**
 * Computes weight and input gradients. Neither needs the other, so one dispatch computes both. Some workgroups take
 * the weights, and the others take the input.
 */
export function productBackward(
  context: OpContext,
  geometry: Geometry,
  layer: DenseLayer | Conv2dLayer,
): Dispatch {
  const { device, batch, placed, input, output, values, gradients, needsInputGradient } = context;
  const { length, splits } = weightSplit(placed, layer, batch);
  const target =
    splits === 1 ? { buffer: gradients, offset: placed.parameters } : context.partials(length, splits);
  const weights = weightGradient(context, geometry, { length, splits, offset: target.offset });
  const label = `clr ${layer.type}, gradients`;
  const read = [input.value, output.gradient, target.buffer];
  const declared = [
    ['x', 'read'],
    ['d', 'read'],
    ['gradients', 'read_write'],
  ] as const;
  if (!needsInputGradient) {
    return elementwise(device, label, weights.count, declareBuffers(...declared), weights.body, read);
  }
  const inputs = inputGradient(context, geometry);
  // Each part gets whole workgroups, so that neighbouring threads take the same branch.
  const from = Math.ceil(weights.count / threads) * threads;
  return elementwise(
    device,
    label,
    from + inputs.count,
    `${declareBuffers(...declared, ['w', 'read'], ['dx', 'read_write'])}
${weights.functions}
fn byWeights(index: u32) {
  ${weights.body}
}
${inputs.functions}
fn byInput(index: u32) {
  ${inputs.body}
}`,
    `if (index >= ${from}u) { byInput(index - ${from}u); } else if (index < ${weights.count}u) { byWeights(index); }`,
    [...read, values, input.gradient],
  );
}

/**
 * ∂/∂w[k, n] = Σ_m x[m, k] d[m, n]. The sum over the batch's rows is cut into `splits` parts, which are added up
 * later.
 */
function weightGradient(
  { batch, tile, input, output }: OpContext,
  g: Geometry,
  { length, splits, offset }: { length: number; splits: number; offset: number },
): Share {
  const depth = g.kernel * g.kernel * g.inputs;
  const [tk, tn] = [tileOf(depth, tile), tileOf(g.outputs, tile)];
  const [rowTiles, columnTiles] = [Math.ceil(depth / tk), Math.ceil(g.outputs / tn)];
  const lines = batch * g.rows;
  const perSplit = Math.ceil(lines / splits);
  const inRow = (g.width + 2 * input.halo) * g.inputs;
  const inImage = (g.height + 2 * input.halo) * inRow;
  const shift = input.halo - g.padding;
  const halo = output.gradientHalo;
  const outRow = (g.columns + 2 * halo) * g.outputs;
  const outImage = (g.rows + 2 * halo) * outRow;
  const sum = (inStep: number, outStep: number): string =>
    `${each(tn, (j) => `let d${j} = d[o + n${j}]; bias${j} += d${j};`)}
      ${each(tk, (i) => `let v${i} = x[at + x${i}];`)}
      ${grid(tk, tn, (i, j) => `a${i}_${j} += v${i} * d${j};`)}
      at += ${inStep}u;
      o += ${outStep}u;`;
  const lineLoop = `for (var line = split * ${perSplit}u; line < end; line++) {
    let b = line / ${g.rows}u;
    let r = line % ${g.rows}u;
    var at = b * ${inImage}u + (r * ${g.stride}u + ${shift}u) * ${inRow}u + ${shift * g.inputs}u;
    var o = b * ${outImage}u + (r + ${halo}u) * ${outRow}u + ${halo * g.outputs}u;
    ${repeat(g.columns, tk * tn, sum(g.stride * g.inputs, g.outputs))}
  }`;
  // If each image has one output position and no border, images lie at a fixed distance in memory, so one loop is enough.
  const flat = g.rows * g.columns === 1 && halo === 0;
  const imageLoop = `var at = split * ${perSplit * inImage}u + ${shift * (inRow + g.inputs)}u;
  var o = split * ${perSplit * outImage}u;
  ${repeatBetween(`split * ${perSplit}u`, 'end', tk * tn, sum(inImage, outImage))}`;
  return {
    count: rowTiles * columnTiles * splits,
    functions: '',
    body: `let nBase = index % ${columnTiles}u * ${tn}u;
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
  ${flat ? imageLoop : lineLoop}
  let base = ${offset}u + split * ${length}u;
  ${grid(
    tk,
    tn,
    (i, j) =>
      `if (kBase + ${i}u < ${depth}u && nBase + ${j}u < ${g.outputs}u) { gradients[base + k${i} * ${g.outputs}u + n${j}] = a${i}_${j}; }`,
  )}
  if (kBase == 0u) {
    ${each(tn, (j) => `if (nBase + ${j}u < ${g.outputs}u) { gradients[base + ${depth * g.outputs}u + n${j}] = bias${j}; }`)}
  }`,
  };
}

/** ∂/∂x[p, i] = slope · Σ d[p − k, o] w[k, i, o]: a convolution of the gradient with the flipped kernel. */
function inputGradient({ batch, tile, placed, input, output }: OpContext, g: Geometry): Share {
  const p = batch * g.height * g.width;
  const [tp, ti] = [tileOf(p, tile), tileOf(g.inputs, tile)];
  const inputTiles = Math.ceil(g.inputs / ti);
  const halo = output.gradientHalo;
  const outRow = (g.columns + 2 * halo) * g.outputs;
  const outImage = (g.rows + 2 * halo) * outRow;
  const valueRow = (g.width + 2 * input.halo) * g.inputs;
  const valueImage = (g.height + 2 * input.halo) * valueRow;
  const gradientRow = (g.width + 2 * input.gradientHalo) * g.inputs;
  const gradientImage = (g.height + 2 * input.gradientHalo) * gradientRow;
  const strided = g.stride > 1;
  // A dense layer reads its input flattened, but the layer that reads the gradient may need a border around it.
  const flat = placed.layer.type === 'dense' && input.gradientHalo > 0;
  const [, inWidth, inChannels] = input.shape;
  const flatAt = `fn flatAt(b: u32, i: u32) -> u32 {
  return at(b, i / ${inWidth * inChannels}u, i / ${inChannels}u % ${inWidth}u, i % ${inChannels}u);
}`;
  // With stride 1, the gradient's border ensures that its row y + padding − ky exists.
  const shift = g.padding + halo;
  const place = (i: number): string =>
    strided
      ? `let sy${i} = y${i} + ${g.padding}u - ky; let sx${i} = x${i} + ${g.padding}u - kx;
      // u32: a negative number wraps around and fails the upper bound.
      // & instead of &&: && makes branches, and Dawn took 20 s to compile eight of them.
      let in${i} = (sy${i} % ${g.stride}u == 0u) & (sx${i} % ${g.stride}u == 0u) & (sy${i} < ${g.rows * g.stride}u) & (sx${i} < ${g.columns * g.stride}u);
      let d${i} = select(0u, b${i} * ${outImage}u + sy${i} / ${g.stride}u * ${outRow}u + sx${i} / ${g.stride}u * ${g.outputs}u, in${i});`
      : `let d${i} = b${i} * ${outImage}u + (y${i} + ${shift}u - ky) * ${outRow}u + (x${i} + ${shift}u - kx) * ${g.outputs}u;`;
  const sum = `${each(tp, place)}
      let k = ${placed.parameters}u + (ky * ${g.kernel}u + kx) * ${g.inputs * g.outputs}u;
      ${each(ti, (j) => `let k${j} = k + c${j} * ${g.outputs}u;`)}
      var o = 0u;
      ${repeat(
        g.outputs,
        tp * ti,
        `${each(tp, (i) => `let v${i} = ${strided ? `select(0.0, d[d${i} + o], in${i})` : `d[d${i} + o]`};`)}
        ${each(ti, (j) => `let w${j} = w[k${j} + o];`)}
        ${grid(tp, ti, (i, j) => `a${i}_${j} += v${i} * w${j};`)}
        o += 1u;`,
      )}`;
  const kernelLoop = `for (var ky = 0u; ky < ${g.kernel}u; ky++) {
    for (var kx = 0u; kx < ${g.kernel}u; kx++) {
      ${sum}
    }
  }`;
  return {
    count: Math.ceil(p / tp) * inputTiles,
    functions: `${slopeFunction(input.activation)}
${flat ? `${placeFunction('at', input.shape, input.gradientHalo)}\n${flatAt}` : ''}`,
    body: `let pBase = index / ${inputTiles}u * ${tp}u;
  let iBase = index % ${inputTiles}u * ${ti}u;
  ${each(ti, (j) => `let c${j} = min(iBase + ${j}u, ${g.inputs - 1}u);`)}
  ${each(
    tp,
    (i) => `let p${i} = min(pBase + ${i}u, ${p - 1}u);
  let b${i} = p${i} / ${g.height * g.width}u; let y${i} = p${i} / ${g.width}u % ${g.height}u; let x${i} = p${i} % ${g.width}u;`,
  )}
  ${grid(tp, ti, (i, j) => `var a${i}_${j} = 0.0;`)}
  ${g.kernel === 1 ? `let ky = 0u; let kx = 0u;\n${sum}` : kernelLoop}
  ${each(
    tp,
    (i) => `if (pBase + ${i}u < ${p}u) {
    let v = b${i} * ${valueImage}u + (y${i} + ${input.halo}u) * ${valueRow}u + (x${i} + ${input.halo}u) * ${g.inputs}u;
    let q = b${i} * ${gradientImage}u + (y${i} + ${input.gradientHalo}u) * ${gradientRow}u + (x${i} + ${input.gradientHalo}u) * ${g.inputs}u;
    ${each(ti, (j) => `if (iBase + ${j}u < ${g.inputs}u) { dx[${flat ? `flatAt(b${i}, c${j})` : `q + c${j}`}] = a${i}_${j} * slope(x[v + c${j}]); }`)}
  }`,
  )}`,
  };
}
