/**
 * Measures the host's time per training step in Node, with 50 steps per submission, on two backends of Dawn. `null`
 * executes nothing, so its time is the host's alone. The other backend is the machine's adapter. A software
 * adapter slows the host down, because both use the same cores. `npx tsx webgpu-step/host.ts [part of a net's name]`.
 */
import { cpus, loadavg } from 'node:os';
import { requestDevice } from '@clr/webgpu';
import { create, globals } from 'webgpu';
import { clr } from './clr.ts';
import { nets } from './nets.ts';

Object.assign(globalThis, globals);
const only = process.argv[2] ?? '';
const steps = 50;
const rounds = 21;

console.log(`Node ${process.versions.node}; ${cpus().length} cores, load ${loadavg()[0]?.toFixed(1)}`);
console.log('µs per step for which trainSteps(50) blocks its caller');
for (const [backend, flags] of [
  ['null', ['backend=null']],
  ['adapter', []],
] as const) {
  const gpu = create([...flags]); // kept in a variable, because Dawn lives only as long as it is referenced
  const device = await requestDevice(gpu);
  for (const [name, net] of Object.entries(nets).filter(([net]) => net.includes(only))) {
    const contestant = await clr(device, { ...net, batch: 1 });
    const dispatches = await countDispatches(() => contestant.run(1));
    await contestant.run(steps);
    const wall: number[] = [];
    for (let round = 0; round < rounds; round++) {
      wall.push(await contestant.host(steps));
    }
    const median = wall.sort((a, b) => a - b)[(rounds - 1) / 2] as number;
    console.log(
      `${backend.padEnd(8)} ${name.padEnd(26)} ${dispatches} dispatches  best ${wall[0]?.toFixed(1)}  median ${median.toFixed(1)}`,
    );
    contestant.dispose();
  }
  device.destroy();
}
process.exit(0); // Dawn's instances keep Node alive

async function countDispatches(action: () => Promise<void>): Promise<number> {
  const { prototype } = GPUComputePassEncoder;
  const { dispatchWorkgroups } = prototype;
  let count = 0;
  prototype.dispatchWorkgroups = function (...size) {
    count += 1;
    return dispatchWorkgroups.apply(this, size);
  };
  await action();
  prototype.dispatchWorkgroups = dispatchWorkgroups;
  return count;
}
