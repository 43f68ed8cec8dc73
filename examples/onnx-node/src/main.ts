import { mkdir } from 'node:fs/promises';
import { mnist } from '@clr/datasets';
import { describeFinding, formatCount, formatShare } from '@clr/report';
import { plotRangeTest, textTable } from '@clr/report/terminal';
import { accuracyOf } from './accuracyOf.ts';
import { batchSize, testBatches, trainingBatches } from './batches.ts';
import { findRates } from './findRates.ts';
import { help, type Options, readOptions } from './options.ts';
import { trainAll } from './trainAll.ts';
import { describeWorth, worthTable } from './worth.ts';
import { writeResults } from './writeResults.ts';

const say = (...lines: readonly string[]) => console.log(lines.join('\n'));

async function demo(options: Options, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  say('', 'LeNet on MNIST in ONNX Runtime: which learning rate, and how much does a schedule gain?', '');
  // Report a bad folder now, not after minutes of work.
  await mkdir(options.out, { recursive: true });
  const data = await mnist();
  const batches = trainingBatches(data, options.images, options.seed);
  const test = testBatches(data);

  say(
    '1  The LR range test: two short runs with a rising rate. The first finds where training breaks down,',
    '   the second rises slowly through this range.',
  );
  const stepsPerEpoch = Math.floor(options.images / batchSize);
  const stepSize = Math.max(1, Math.floor(stepsPerEpoch / 2));
  const longest = options.epochs.at(-1)!;
  const training = 2 * stepSize * longest;
  const { trace, finding } = await findRates(batches, { sweep: options.sweep, training }, signal);
  signal.throwIfAborted();
  say('', '2  What it found', '', plotRangeTest(trace, finding), '');
  say(...describeFinding(finding).map((sentence) => `  ${sentence}`), '');

  say(
    '3  What a schedule is worth: a fixed rate, CLR (triangular2) and a decay to zero, all with the rates found above,',
    `   trained for ${options.epochs.join(', ')} ${longest === 1 ? 'epoch' : 'epochs'} of ${formatCount(2 * stepSize)} steps from the same weights on the same batches`,
  );
  const { results, model } = await trainAll({
    ...{ trace, stepSize, batches, test, signal },
    budgets: options.epochs,
  });
  signal.throwIfAborted();

  const table = worthTable(results);
  const words = describeWorth(results);
  say('', '4  The comparison', '', textTable(table), '', ...words.map((sentence) => `  ${sentence}`), '');

  const runs = results.filter(({ epochs }) => epochs === longest);
  const paths = await writeResults(options.out, { trace, finding, table, runs, words, model });
  const again = await accuracyOf(paths.model, test);
  say(
    '5  Written',
    `  ${paths.report}`,
    `  ${paths.model}  (the model trained with the decay; accuracy in ONNX Runtime: ${formatShare(again)})`,
    '',
    `Done in ${Math.round((performance.now() - began) / 1000)} s.`,
  );
}

const stop = new AbortController();
process.on('SIGINT', () => {
  // The first Ctrl-C stops between two steps, the second at once. Neither leaves a broken file, because each file is
  // written under a temporary name and then renamed.
  if (stop.signal.aborted) process.exit(130);
  say('', 'Stopping …');
  stop.abort();
});
try {
  const options = readOptions(process.argv.slice(2));
  if (options) await demo(options, stop.signal);
  else say(help);
} catch (error) {
  if (stop.signal.aborted) {
    say('', 'Stopped, as you asked. Nothing was written.');
    process.exitCode = 130;
  } else {
    console.error(`\n${error instanceof Error ? error.message : error}`);
    process.exitCode = 1;
  }
}
