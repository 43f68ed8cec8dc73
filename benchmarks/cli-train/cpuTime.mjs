// Loaded before a program (`node --import`): writes the processor time that it took, of all its threads, when it ends.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.CLR_CPU_TIME, String((user + system) / 1000));
});
