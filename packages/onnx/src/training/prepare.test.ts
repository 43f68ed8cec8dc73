import { toBinary } from '@bufbuild/protobuf';
import { adam } from '@clr/core';
import { describe, expect, it } from 'vitest';
import { oracleModel } from '../../test/oracle.ts';
import { ModelProtoSchema } from '../generated/onnx_pb.ts';
import {
  buildApplyModel,
  buildEvaluationModel,
  buildGradientModel,
  buildTrainingModel,
  type TrainingModel,
} from '../index.ts';
import { emitEvaluation, emitGradients, emitStep, emitUpdate } from './emit.ts';
import { prepare } from './prepare.ts';

const emitters = [
  [buildTrainingModel, emitStep],
  [buildGradientModel, emitGradients],
  [buildApplyModel, emitUpdate],
  [buildEvaluationModel, emitEvaluation],
] as const;

describe('a prepared model', () => {
  // These models contain Dropout, batch normalisation or max pools, whose nodes are changed when a graph is built.
  it.each(['lenet', 'cifar-quick', 'resnet-mini', 'bn-frozen', 'encoder'])(
    'gives the same models as separate builds, in any order, and its source stays unchanged: %s',
    (name) => {
      const { bytes, loss } = oracleModel(name);
      const options = { loss, optimizer: adam(), provider: 'cpu', channelBlock: 8 } as const;
      const alone = emitters.map(([build]): TrainingModel => build(bytes, options));
      for (const order of [
        [0, 1, 2, 3],
        [3, 2, 1, 0],
      ]) {
        const prepared = prepare(bytes, options);
        const before = toBinary(ModelProtoSchema, prepared.source.proto);
        for (const i of order) {
          const [, emit] = emitters[i]!;
          expect(emit(prepared)).toEqual(alone[i]);
        }
        expect(toBinary(ModelProtoSchema, prepared.source.proto)).toEqual(before);
      }
    },
  );
});
