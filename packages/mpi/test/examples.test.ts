import { fileURLToPath } from 'node:url';
import { ranksInProcess } from '@clr/conformance';
import * as core from '@clr/core';
import * as onnx from '@clr/onnx';
import { describeExamples } from '@clr/tooling/describeExamples';
import * as ort from 'onnxruntime-node';
import * as mpi from '../src/index.ts';

const path = (relative: string): string => fileURLToPath(new URL(relative, import.meta.url));

/** A single process, which works without MPI. */
const alone = { ...mpi, mpi: () => ranksInProcess(1)[0] };

/** Images of arbitrary content. */
function toBatch(indices: readonly number[]): onnx.Batch {
  const images = Float32Array.from({ length: 784 * indices.length }, (_, i) => Math.sin(i));
  const labels = BigInt64Array.from(indices, (index) => BigInt(index % 10));
  return {
    image: new ort.Tensor('float32', images, [indices.length, 1, 28, 28]),
    target: new ort.Tensor('int64', labels, [indices.length]),
  };
}

describeExamples({
  sources: path('../src'),
  exports: [mpi],
  pages: [path('../README.md')],
  scope: () => ({ ...core, ...alone, toBatch, writeFile: async () => {} }),
  modules: {
    '@clr/core': core,
    '@clr/mpi': alone,
    '@clr/onnx': {
      ...onnx,
      createTrainer: (runtime: onnx.Ort, _: string, options: onnx.TrainerOptions) =>
        onnx.createTrainer(runtime, path('../../../examples/onnx-node/lenet.onnx'), options),
    },
    'onnxruntime-node': ort,
  },
});
