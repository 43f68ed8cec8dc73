import { adam, decay, train } from '@clr/core';
import { batchOf, digits, orderOf } from '@clr/datasets/onnx';
import { buildModel, createTrainer, forInference } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** The model to fine-tune: a small convolutional net with batch norms, trained on the digits 0 to 4. */
export async function backbone(steps = 600): Promise<Uint8Array> {
  const model = buildModel({
    input: [1, 28, 28],
    layers: [
      { type: 'conv2d', filters: 8, kernel: 5 },
      ...([{ type: 'batchNorm' }, { type: 'relu' }, { type: 'maxPool', size: 2 }] as const),
      { type: 'conv2d', filters: 16, kernel: 5 },
      ...([{ type: 'batchNorm' }, { type: 'relu' }, { type: 'maxPool', size: 2 }] as const),
      { type: 'dense', units: 64 },
      { type: 'relu' },
      { type: 'dense', units: 5 },
    ],
  });
  const data = await digits('train', [0, 1, 2, 3, 4]);
  const trainer = await createTrainer(ort, model, {
    loss: 'crossEntropy',
    optimizer: adam(),
    deterministic: true,
  });
  const batches = (epoch: number) =>
    orderOf(data.labels.length, 64, epoch).map((rows) => batchOf(data, rows));
  await train(trainer, batches, { policy: decay({ maxLr: 2e-3, steps }), steps });
  const trained = await trainer.exportModel();
  await trainer.dispose();
  return forInference(trained);
}
