/**
 * Estimates the speed of many ranks from the measured step of one rank and the cost of a ring all-reduce.
 *
 * time of a step = compute + 2 · (p − 1) / p · bytes / bandwidth + 2 · (p − 1) · latency
 *
 * The batch of each rank keeps its size, so p ranks process p times as many examples. The efficiency is compute / time.
 * The estimate assumes one rank per host, no overlap of transfers and computing, equally fast hosts, no other traffic,
 * and the same bandwidth and latency for any p.
 *
 * npx tsx mpi-step/scaling.ts
 */
import { printTable } from '../onnx-step/table.ts';

const nets = [
  // Measured by run.ts with two ranks of one thread each, on two cores.
  { net: 'cifar-quick, 50 images a rank', compute: 76.2, parameters: 145_578 },
  { net: 'encoder-6, 4 sequences a rank', compute: 969, parameters: 10_650_634 },
];
// run.ts measured with two ranks: an all-reduce takes 0.429 ms for 1,070,000 numbers, and 0.003 ms for 1,000 numbers.
const measured = { bandwidth: (4 * 1_070_000) / 0.429e-3, latency: 0.003e-3 / 2 };
const networks = [
  { network: `as measured in memory: ${(8e-9 * measured.bandwidth).toFixed(0)} Gbit/s, 1.5 µs`, ...measured },
  { network: '10 Gbit/s, 30 µs', bandwidth: 1.25e9, latency: 30e-6 },
  { network: '100 Gbit/s, 2 µs', bandwidth: 12.5e9, latency: 2e-6 },
];
const rows = nets.flatMap(({ net, compute, parameters }) =>
  networks.map(({ network, bandwidth, latency }) => [
    net,
    network,
    ...[8, 64, 512].map((p) => {
      const transfer = 1000 * ((2 * (p - 1) * 4 * parameters) / (p * bandwidth) + 2 * (p - 1) * latency);
      return `${(100 * (compute / (compute + transfer))).toFixed(0)} %`;
    }),
  ]),
);
printTable(['net', 'network', '8 ranks', '64', '512'], rows);
