import type { Conv2dLayer, DenseLayer } from '../layers.ts';
import { declareBuffers, elementwise, type Op, type OpContext } from './op.ts';
import { productBackward } from './productBackward.ts';
import { type Geometry, geometryOf, tileOf } from './productGeometry.ts';
import { activateFunction } from './tensor.ts';
import { each, grid, repeat } from './unroll.ts';

/**
 * The kernels of dense layers and convolutions: one dispatch for the forward pass, and another for the weight and
 * input gradients.
 */
export function productOp(context: OpContext, layer: DenseLayer | Conv2dLayer): Op {
  const geometry = geometryOf(context.placed, layer);
  return { forward: [forward(context, geometry)], backward: [productBackward(context, geometry, layer)] };
}

/** y[m, n] = act(b[n] + Σ x[m, k] w[k, n]), m over batch, rows and columns. */
function forward({ device, batch, tile, placed, input, output, values }: OpContext, g: Geometry) {
  const m = batch * g.rows * g.columns;
  const [tm, tn] = [tileOf(m, tile), tileOf(g.outputs, tile)];
  const columnTiles = Math.ceil(g.outputs / tn);
  const inRow = (g.width + 2 * input.halo) * g.inputs;
  const inImage = (g.height + 2 * input.halo) * inRow;
  const shift = input.halo - g.padding; // 0 if the input's border is as wide as the padding
  const run = g.kernel * g.inputs;
  const w = placed.parameters;
  const bias = w + g.kernel * run * g.outputs;
  const outRow = (g.columns + 2 * output.halo) * g.outputs;
  const outImage = (g.rows + 2 * output.halo) * outRow;
  const row = `var r = 0u;
    ${repeat(
      run,
      tm * tn,
      `${each(tn, (j) => `let w${j} = w[k + n${j}];`)}
      ${each(tm, (i) => `let v${i} = x[x${i} + r];`)}
      ${grid(tm, tn, (i, j) => `a${i}_${j} += v${i} * w${j};`)}
      k += ${g.outputs}u;
      r += 1u;`,
    )}`;
  const rows = `for (var ky = 0u; ky < ${g.kernel}u; ky++) {
    ${row}
    ${each(tm, (i) => `x${i} += ${inRow}u;`)}
  }`;
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
  ${g.kernel === 1 ? row : rows}
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
