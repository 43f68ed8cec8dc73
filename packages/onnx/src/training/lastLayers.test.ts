import { sgd } from '@clr/core';
import * as ort from 'onnxruntime-node';
import { describe, expect, it } from 'vitest';
import { oracleModel } from '../../test/oracle.ts';
import { readModel } from '../format/model.ts';
import { purposeOf } from '../format/purpose.ts';
import { buildGradientModel, buildTrainingModel, createTrainer } from '../index.ts';

const { bytes, batches } = oracleModel('lenet');
const weights = readModel(bytes).graph.initializer.map(({ name }) => name);
/** The last layer's weight and bias. */
const last = weights.slice(-2);
const options = { loss: 'crossEntropy', optimizer: sgd() } as const;
const head = { ...options, trainable: (name: string) => last.includes(name) };

/** The nodes of the source model whose gradients a model computes. */
const differentiated = (model: { bytes: Uint8Array }): Set<string> =>
  new Set(
    readModel(model.bytes).graph.node.flatMap((node) => {
      const purpose = purposeOf(node);
      return purpose?.startsWith('the gradient of node') ? [purpose] : [];
    }),
  );

describe('training the last layers alone', () => {
  it.each([buildTrainingModel, buildGradientModel])(
    'computes no gradients for the earlier layers (%o)',
    (build) => {
      const [whole, part] = [build(bytes, options), build(bytes, head)];
      expect(whole.backward).toEqual({ nodes: 12, of: 12 });
      expect(part.backward).toEqual({ nodes: 1, of: 12 });
      expect(differentiated(whole).size).toBeGreaterThan(8);
      expect(differentiated(part).size).toBe(1);
      expect(part.state[0]?.parts.map(({ name }) => name)).toEqual(last);
    },
  );

  it('gives the last layers the same gradients as training all layers', async () => {
    const gradients = await Promise.all(
      [options, head].map(async (given) => {
        const trainer = await createTrainer(ort, bytes, given);
        const found = await trainer.gradients(batches[0]!);
        await trainer.dispose();
        return found;
      }),
    );
    const [all, some] = gradients as [(typeof gradients)[0], (typeof gradients)[0]];
    expect([...some.keys()]).toEqual(last);
    for (const [name, { data }] of some) {
      const wanted = all.get(name)!.data;
      data.forEach((value, i) => {
        expect(value).toBeCloseTo(wanted[i]!, 6);
      });
    }
  });
});
