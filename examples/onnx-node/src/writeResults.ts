import { join, resolve } from 'node:path';
import { replaceFile } from '@clr/checkpoint/node';
import { type NamedRun, renderReport } from '@clr/report';
import type { Rates } from './findRates.ts';

interface Results extends Rates {
  readonly runs: readonly NamedRun[];
  readonly words: readonly string[];
  readonly model: Uint8Array;
}

/**
 * Writes the report and the model, each under a temporary name first and then renamed: a file is complete or unchanged.
 */
export async function writeResults(
  folder: string,
  { trace, finding, runs, words, model }: Results,
): Promise<{ readonly report: string; readonly model: string }> {
  const report = renderReport({
    title: 'LeNet on MNIST: cyclical against fixed learning rate',
    summary: words,
    rangeTest: { trace, finding },
    runs,
    policies: runs.flatMap(({ name, run }) =>
      run.policy ? [{ name, policy: run.policy, steps: run.step }] : [],
    ),
    notes: [
      'Both runs start from the same weights and see the same batches in the same order; SGD with momentum 0.9, batches of 64, in ONNX Runtime on the CPU.',
    ],
  });
  const paths = {
    report: resolve(join(folder, 'demo-report.html')),
    model: resolve(join(folder, 'lenet-mnist.onnx')),
  };
  await replaceFile(paths.model, model);
  await replaceFile(paths.report, report);
  return paths;
}
