import { sgd } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { makeModel } from '../../test/makeModel.ts';
import { oracleModel } from '../../test/oracle.ts';
import { DataType } from '../format/dataType.ts';
import { readModel } from '../format/model.ts';
import { privateDomain } from '../graph/privateOperators.ts';
import {
  buildApplyModel,
  buildEvaluationModel,
  buildGradientModel,
  buildTrainingModel,
  type TrainingModel,
} from '../index.ts';

const kinds = { buildTrainingModel, buildGradientModel, buildApplyModel, buildEvaluationModel };
const targets = [
  { provider: 'any' },
  { provider: 'cpu' },
  { provider: 'webgpu' },
  { provider: 'cpu', channelBlock: 8 },
  { provider: 'cpu', channelBlock: 16 },
] as const;

const domainsOf = ({ bytes }: TrainingModel): Set<string> =>
  new Set(readModel(bytes).graph.node.map(({ domain }) => domain));

describe('private operators', () => {
  it.each(['mlp', 'lenet', 'cifar-quick', 'regressor', 'resnet-mini', 'bn-frozen', 'encoder'])(
    'do not occur in any built model: %s',
    (name) => {
      const { bytes, loss } = oracleModel(name);
      for (const build of Object.values(kinds)) {
        for (const target of targets) {
          const domains = domainsOf(build(bytes, { loss, optimizer: sgd(), ...target }));
          expect(domains).not.toContain(privateDomain);
        }
      }
    },
  );

  it('are refused in a model file', () => {
    const value = { name: 'x', type: DataType.FLOAT, dims: [2] } as const;
    const bytes = makeModel({
      domains: { [privateDomain]: 1 },
      inputs: [value],
      initializers: [{ ...value, name: 'w', values: [1, 2] }],
      outputs: [{ ...value, name: 'y' }],
      nodes: [{ op: 'ReluGrad', domain: privateDomain, inputs: ['x', 'w'], outputs: ['y'], name: 'own' }],
    });
    expect(() => buildTrainingModel(bytes, { loss: 'mse', optimizer: sgd() })).toThrow(
      'Received: node "own" (ReluGrad)',
    );
  });
});
