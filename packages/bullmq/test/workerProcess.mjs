// A worker in its own process, which tests kill. Its options are JSON. It prints "ready" when it takes jobs.
import { worker } from '@clr/bullmq';

await worker(JSON.parse(process.argv[2]));
console.log('ready');
