import { create } from '@bufbuild/protobuf';
import { fail } from '../errors.ts';
import { DataType } from '../format/dataType.ts';
import { identityModel } from '../format/identityModel.ts';
import { TensorProtoSchema } from '../generated/onnx_pb.ts';
import { declaration } from '../graph/declaration.ts';
import { show } from '../show.ts';
import type { TrainingModel } from './trainingModel.ts';

/**
 * Makes a model without inputs whose outputs are a training model's initial state. Each output is named like the input
 * that it initialises. With this model, a runtime without this package can start training.
 *
 * @example
 * ```ts
 * const step = buildTrainingModel(bytes, { loss: 'crossEntropy', optimizer: sgd() });
 * await writeFile('step.onnx', step.bytes);
 * await writeFile('start.onnx', buildInitialState(step));
 * step.state[0].input; // 'parameters.0'
 * ```
 */
export function buildInitialState(model: Pick<TrainingModel, 'state'>): Uint8Array {
  if (!Array.isArray((model as TrainingModel | undefined)?.state)) {
    throw fail('the result of buildTrainingModel', show(model), 'Pass the whole result, not its bytes.');
  }
  const vectors = model.state.map(({ input, initial }) => ({
    input,
    stored: `initial.${input}`,
    type: initial instanceof Float64Array ? DataType.DOUBLE : DataType.FLOAT,
    dims: [initial.length],
    // No copy, because encoding only reads the bytes.
    bytes: new Uint8Array(initial.buffer as ArrayBuffer, initial.byteOffset, initial.byteLength),
  }));
  return identityModel(
    vectors.map(({ stored, input }) => [stored, input]),
    {
      name: 'start',
      initializer: vectors.map(({ stored, type, dims, bytes }) =>
        create(TensorProtoSchema, { name: stored, dataType: type, dims: dims.map(BigInt), rawData: bytes }),
      ),
      output: vectors.map(({ input, type, dims }) => declaration(input, type, dims)),
    },
  );
}
