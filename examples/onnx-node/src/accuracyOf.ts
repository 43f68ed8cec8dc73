import type { Batch } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/** The accuracy of a model file on the test images, computed by ONNX Runtime alone. */
export async function accuracyOf(path: string, test: readonly Batch[]): Promise<number> {
  const session = await ort.InferenceSession.create(path, { logSeverityLevel: 3 });
  let [right, images] = [0, 0];
  for (const { image, target } of test) {
    const { logits } = await session.run({ image: image! });
    const scores = logits!.data as Float32Array;
    const labels = target!.data as BigInt64Array;
    for (const [index, label] of labels.entries()) {
      const row = scores.subarray(10 * index, 10 * index + 10);
      right += Number(row.indexOf(Math.max(...row)) === Number(label));
    }
    images += labels.length;
  }
  await session.release();
  return right / images;
}
