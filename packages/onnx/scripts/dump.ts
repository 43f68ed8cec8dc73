/**
 * Writes the models that clr makes from a file, and lists their nodes as text. Each node is listed with the model's
 * node for which it was written.
 *
 *   node --import tsx scripts/dump.ts model.onnx folder [loss] [optimizer]
 *
 * The default loss is crossEntropy, and the default optimizer sgd.
 */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { adagrad, adam, adamW, rmsProp, sgd } from '@clr/core';
import { ModelProtoSchema } from '../src/generated/onnx_pb.ts';
import {
  type BuildOptions,
  buildApplyModel,
  buildEvaluationModel,
  buildGradientModel,
  buildTrainingModel,
} from '../src/index.ts';

const [path, folder, loss = 'crossEntropy', optimizer = 'sgd'] = process.argv.slice(2);
const optimizers = { sgd, adam, adamW, rmsProp, adagrad };
if (!path || !folder || !(optimizer in optimizers)) {
  console.error(
    'Usage: node --import tsx scripts/dump.ts model.onnx folder [loss] [sgd|adam|adamW|rmsProp|adagrad]',
  );
  process.exit(2);
}
const model = readFileSync(path);
const options = {
  loss,
  optimizer: optimizers[optimizer as keyof typeof optimizers](),
} as BuildOptions;
const models = {
  training: buildTrainingModel(model, options),
  gradients: buildGradientModel(model, options),
  apply: buildApplyModel(model, options),
  evaluation: buildEvaluationModel(model, options),
};
mkdirSync(folder, { recursive: true });
for (const [name, { bytes }] of Object.entries(models)) {
  const nodes = fromBinary(ModelProtoSchema, bytes).graph?.node ?? [];
  const lines = nodes.map(({ domain, opType, input, output, docString }) => {
    const operator = domain ? `${domain}:${opType}` : opType;
    return `${output.join(', ')} = ${operator}(${input.join(', ')})${docString ? `  # ${docString}` : ''}`;
  });
  writeFileSync(join(folder, `${name}.onnx`), bytes);
  writeFileSync(join(folder, `${name}.txt`), `${lines.join('\n')}\n`);
  console.log(`${join(folder, name)}.onnx, .txt: ${nodes.length} nodes`);
}
