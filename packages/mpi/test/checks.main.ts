// Runs the checks of core's Reduce on every rank.
import { reduceChecks } from '@clr/conformance';
import { mpi } from '../src/index.ts';

const reduce = mpi();
for (const { name, run } of reduceChecks) {
  await run(reduce);
  if (reduce.rank === 0) console.log(`passed: ${name}`);
}
if (reduce.rank === 0) console.log(`UCX's memory hooks: ${process.env.UCX_MEM_EVENTS}`);
if (reduce.rank === 0) console.log(`ranks: ${reduce.size}, ${reduce.library.kind}`);
