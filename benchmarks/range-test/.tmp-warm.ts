import { analyzeRangeTest, autoClr, rangeTest } from '@clr/core';
import { settings } from './settings.ts';
import { readTruths } from './store.ts';
import { createTask } from './task.ts';
import { verdictOf } from './truth.ts';

const names = process.argv.slice(2);
for (const name of names) {
  const setting = settings.find((s) => s.name === name)!;
  const truth = readTruths().find((t) => t.setting === name)!;
  const best = verdictOf(truth).best;
  const task = await createTask(setting, 1);
  const it = task.batches(7);
  for (let i = 0; i < setting.budget; i++)
    await (await task.trainer.trainStep(it.next().value, { lr: best.lr })).loss;
  const start = await task.trainer.evaluate(task.validation);
  const train = (epoch: number) => task.batches(500 + epoch);
  for (const probe of [undefined, 'sweep'] as const) {
    const snap = await task.trainer.snapshot();
    if (probe === 'sweep') {
      const f = analyzeRangeTest(await rangeTest(task.trainer, train, { steps: 200 }));
      console.log(
        name,
        'sweep only',
        JSON.stringify(
          f.suggestion && {
            max: f.suggestion.maxLr,
            fixed: f.suggestion.fixedLr,
            c: f.suggestion.confidence,
          },
        ),
        f.reasons.join(' | '),
      );
      await task.trainer.restore(snap);
      continue;
    }
    const t0 = Date.now();
    const r = await autoClr(task.trainer, train, {
      steps: setting.budget,
      validation: task.validation,
      average: true,
      ensemble: true,
    });
    const s = r.finding.suggestion;
    console.log(
      name,
      'bestfixed',
      best.lr,
      'start',
      start,
      r.trace.control,
      '\n  probe',
      r.trace.probe,
      JSON.stringify(s && { base: s.baseLr, max: s.maxLr, fixed: s.fixedLr, c: s.confidence }),
      '\n ',
      r.finding.reasons.join(' | '),
      '\n  verdict',
      r.verdict?.winner,
      JSON.stringify(r.verdict),
      '\n  troughs',
      r.run?.troughs.map((t) => `${t.step}:${t.accuracy?.toFixed(4)}/${t.loss?.toFixed(4)}`).join(' '),
      'best',
      r.best?.step,
      r.best?.accuracy,
      r.best?.loss,
      'avg',
      r.average?.accuracy,
      'ens',
      r.ensemble?.accuracy,
      r.best?.averaged,
      r.cost,
      Date.now() - t0,
      'ms',
    );
    await task.trainer.restore(snap);
  }
  await task.trainer.dispose();
}
