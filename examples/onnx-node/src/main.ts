import { mkdir } from 'node:fs/promises';
import { mnist } from '@clr/datasets';
import { describeFinding, formatCount, formatRate, formatShare, troughTable } from '@clr/report';
import { plotRangeTest, textTable } from '@clr/report/terminal';
import { accuracyOf } from './accuracyOf.ts';
import { batchSize, testBatches, trainingBatches } from './batches.ts';
import { compare, describeComparison } from './compare.ts';
import { findRates } from './findRates.ts';
import { help, type Options, readOptions } from './options.ts';
import { trainBoth } from './trainBoth.ts';
import { writeResults } from './writeResults.ts';

const say = (...lines: readonly string[]) => console.log(lines.join('\n'));

async function demo(options: Options, signal: AbortSignal): Promise<void> {
  const began = performance.now();
  say('', 'LeNet on MNIST in ONNX Runtime: which learning rate, and is it worth cycling?', '');
  // Now, not after minutes of work: a folder that cannot be is an error.
  await mkdir(options.out, { recursive: true });
  const data = await mnist();
  const batches = trainingBatches(data, options.images, options.seed);
  const test = testBatches(data);

  say('1  The LR range test: two short runs with a rising rate, the second slowly past what the first found');
  const stepsPerEpoch = Math.floor(options.images / batchSize);
  const stepSize = Math.max(1, Math.floor(stepsPerEpoch / 2));
  const training = 2 * stepSize * options.epochs;
  const { trace, finding } = await findRates(batches, { sweep: options.sweep, training }, signal);
  signal.throwIfAborted();
  say('', '2  What it found', '', plotRangeTest(trace, finding), '');
  say(...describeFinding(finding).map((sentence) => `  ${sentence}`), '');
  const { suggestion } = finding;
  if (!suggestion)
    throw new Error('Without a suggestion there is nothing to train with. Try a longer --sweep.');

  const steps = formatCount(training);
  const names = [
    `CLR ${formatRate(suggestion.baseLr)} to ${formatRate(suggestion.maxLr)}`,
    `fixed ${formatRate(suggestion.fixedLr)}`,
  ] as const;
  say(`3  Training twice, side by side, ${steps} steps each: ${names.join(' (triangular2) and ')}`);
  const { clr, fixed, model } = await trainBoth({
    suggestion,
    stepSize,
    cycles: options.epochs,
    batches,
    test,
    signal,
  });
  signal.throwIfAborted();

  const runs = [
    { name: names[0], run: clr },
    { name: names[1], run: fixed },
  ];
  const table = { ...troughTable(runs), caption: 'Accuracy on the 10,000 test images, at each trough' };
  const words = describeComparison(compare(clr, fixed));
  say('', '4  The comparison', '', textTable(table), '', ...words.map((sentence) => `  ${sentence}`), '');

  const paths = await writeResults(options.out, { trace, finding, runs, words, model });
  const again = await accuracyOf(paths.model, test);
  say(
    '5  Written',
    `  ${paths.report}`,
    `  ${paths.model}  (read back by ONNX Runtime: ${formatShare(again)})`,
    '',
    `Done in ${Math.round((performance.now() - began) / 1000)} s.`,
  );
}

const stop = new AbortController();
process.on('SIGINT', () => {
  // Once: stop between two steps. Twice: now. Files are renamed into place, so neither leaves a broken one.
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
