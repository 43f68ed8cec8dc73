import { sgd } from '@clr/core';
import { type Batch, buildModel, createTrainer, forInference, type LayerSpec } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

const conv = (filters: number, kernel: number, more: object = {}): LayerSpec => ({
  type: 'conv2d',
  filters,
  kernel,
  padding: (kernel - 1) / 2,
  bias: false,
  ...more,
});

/** MobileNet v2's inverted residual, with ReLU instead of ReLU6. */
function block(inputs: number, outputs: number, stride: number, expansion: number): LayerSpec[] {
  const wide = inputs * expansion;
  const layers: LayerSpec[] = [
    ...(expansion === 1
      ? []
      : [conv(wide, 1), { type: 'batchNorm', momentum: 1 } as const, { type: 'relu' } as const]),
    conv(wide, 3, { stride, groups: wide }),
    { type: 'batchNorm', momentum: 1 },
    { type: 'relu' },
    conv(outputs, 1),
    { type: 'batchNorm', momentum: 1 },
  ];
  const plain = stride === 1 && inputs === outputs;
  // There is no shortcut if the sizes differ.
  return plain ? [{ type: 'residual', layers }] : layers;
}

/** Expansion, channels, blocks and first stride of each stage (Sandler et al., arXiv 1801.04381, table 2). */
const stages = [
  [1, 16, 1, 1],
  [6, 24, 2, 2],
  [6, 32, 3, 2],
  [6, 64, 4, 2],
  [6, 96, 3, 1],
  [6, 160, 3, 2],
  [6, 320, 1, 1],
] as const;

/**
 * MobileNet v2 at 224 × 224 in inference mode, with random weights and the given number of classes. Its running
 * statistics are those of one batch.
 */
export async function mobileNet(classes: number, batch: Batch): Promise<Uint8Array> {
  let channels = 32;
  const blocks = stages.flatMap(([expansion, outputs, count, stride]) =>
    Array.from({ length: count }, (_, i) => {
      const made = block(channels, outputs, i === 0 ? stride : 1, expansion);
      channels = outputs;
      return made;
    }).flat(),
  );
  const layers: LayerSpec[] = [
    conv(32, 3, { stride: 2 }),
    { type: 'batchNorm', momentum: 1 },
    { type: 'relu' },
    ...blocks,
    conv(1280, 1),
    { type: 'batchNorm', momentum: 1 },
    { type: 'relu' },
    { type: 'globalAvgPool' },
    { type: 'dense', units: classes },
  ];
  const model = buildModel({ input: [3, 224, 224], layers, initialization: 'heNormal' });
  const trainer = await createTrainer(ort, model, {
    loss: 'crossEntropy',
    optimizer: sgd(),
    deterministic: true,
  });
  await trainer.renewStatistics?.(batch);
  const measured = await trainer.exportModel();
  await trainer.dispose();
  return forInference(measured);
}
