// Loaded before a program (`node --import`). When the program ends, this writes the processor time of all its threads.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.CLR_CPU_TIME, String((user + system) / 1000));
});
