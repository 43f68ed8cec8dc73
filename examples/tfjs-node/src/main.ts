import { trainDigits } from './trainDigits.ts';

const start = performance.now();
await trainDigits({}, (line) => console.log(line));
console.log(`${((performance.now() - start) / 1000).toFixed(0)} s on the CPU backend, in plain JavaScript`);
