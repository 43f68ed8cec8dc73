import { join, resolve } from 'node:path';
import { replaceFile } from '@clr/checkpoint/node';
import { type NamedRun, type ReportTable, renderReport } from '@clr/report';
import type { Rates } from './findRates.ts';

interface Results extends Rates {
  readonly table: ReportTable;
  /** The training runs with the longest budget. */
  readonly runs: readonly NamedRun[];
  readonly words: readonly string[];
  readonly model: Uint8Array;
}

/**
 * Writes the report and the model, each under a temporary name first and then renamed. So a file is complete or
 * unchanged.
 */
export async function writeResults(
  folder: string,
  { trace, finding, table, runs, words, model }: Results,
): Promise<{ readonly report: string; readonly model: string }> {
  const report = renderReport({
    title: 'LeNet on MNIST: what a schedule is worth',
    summary: words,
    tables: [table],
    rangeTest: { trace, finding },
    runs,
    policies: runs.flatMap(({ name, run }) =>
      // A constant rate needs no picture.
      run.policy && name !== 'fixed rate' ? [{ name, policy: run.policy, steps: run.step }] : [],
    ),
    notes: [
      'All runs start from the same weights and see the same batches in the same order. All rates come from one range test. The optimizer is SGD with momentum 0.9, with batches of 64, in ONNX Runtime on the CPU.',
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
