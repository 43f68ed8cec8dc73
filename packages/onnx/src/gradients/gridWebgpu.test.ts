import { meets } from '@clr/tooling/needs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkForm, type FormCase } from '../../test/checkForm.ts';
import { convolutions, pools, resizes, transposed } from '../../test/formCases.ts';
import { obstacle, webgpu } from '../../test/webgpuProvider.ts';
import { DataType } from '../format/dataType.ts';

// Every run uses the same cases. Set CLR_SEED to draw others.
const seed = Number(process.env.CLR_SEED ?? 1506);

const why = await obstacle();
const runs = meets('webgpu', why === undefined, `onnxruntime-node's WebGPU provider: ${why}`);

const there = (c: FormCase): FormCase => ({
  ...c,
  type: DataType.FLOAT,
  provider: 'webgpu',
  block: 1,
  known: c.known === 'rank' ? 'all' : c.known,
});

/** The provider's MaxPool has no `Indices` output and no column-major `storage_order`. */
const maxPools = pools('MaxPool').map((c) => {
  const { storage_order: _, ...attributes } = c.attributes;
  return { ...c, outputs: 1, attributes };
});

// A software adapter takes about a second to compile each shader.
describe.skipIf(!runs)("gradient and shape agree with onnxruntime-node's WebGPU for all attributes", () => {
  it.each<[string, fc.Arbitrary<FormCase>]>([
    ['Conv', convolutions],
    ['ConvTranspose', transposed],
    ['MaxPool', maxPools],
    ['AveragePool', pools('AveragePool')],
    ['Resize', resizes],
  ])('%s', async (_name, cases) => {
    let compared = 0;
    for (const c of fc.sample(cases.map(there), { seed, numRuns: 8 })) {
      const found = await checkForm(c, 7, webgpu);
      if (found.refused !== undefined) continue;
      compared += 1;
      expect(found.inferred, JSON.stringify(c)).toEqual(found.dims);
      expect(found.error, JSON.stringify(c)).toBeLessThanOrEqual(1e-5);
    }
    expect(compared).toBeGreaterThanOrEqual(4);
  });
});
