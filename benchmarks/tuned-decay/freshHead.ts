import { sgd } from '@clr/core';
import { createTrainer } from '@clr/onnx';
import * as ort from 'onnxruntime-node';

/**
 * Gives a trained model the last layer of the untrained file that it came from. The two files differ only in the bytes
 * of their weights, so the last layer's bytes are copied from the untrained file.
 */
export async function withFreshHead(trained: Uint8Array, untrained: Uint8Array): Promise<Uint8Array> {
  const trainer = await createTrainer(ort, untrained, { loss: 'crossEntropy', optimizer: sgd() });
  const parameters = [...(await trainer.parameters()).values()];
  await trainer.dispose();
  const fresh = Uint8Array.from(trained);
  // The exporter lists tensors in the order of the layers, so the last two belong to the head.
  for (const { data } of parameters.slice(-2)) {
    const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
    const at = Buffer.from(untrained).indexOf(bytes);
    if (at < 0)
      throw new Error(`The bytes of the head's ${data.length} numbers are not in the untrained file.`);
    fresh.set(bytes, at);
  }
  return fresh;
}
