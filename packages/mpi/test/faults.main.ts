// Runs on every rank. One rank has a fault while the others wait for it.
import { mpi } from '../src/index.ts';

const reduce = mpi();
reduce.all(true);
if (reduce.rank === 1) {
  if (process.argv[2] === 'kill') process.kill(process.pid, 'SIGKILL');
  throw new Error('this rank has a fault');
}
reduce.all(true);
console.log('went on');
