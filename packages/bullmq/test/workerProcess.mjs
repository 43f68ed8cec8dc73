// A worker in a process of its own, to be killed: its options as JSON. It says "ready" when it takes jobs.
import { worker } from '@clr/bullmq';

await worker(JSON.parse(process.argv[2]));
console.log('ready');
