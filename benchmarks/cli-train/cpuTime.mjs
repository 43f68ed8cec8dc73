// run.ts loads this file before a program (`node --import`). When the program ends, this writes the
// processor time of all its threads to the file that CLR_CPU_TIME names.
import { writeFileSync } from 'node:fs';

process.on('exit', () => {
  const { user, system } = process.cpuUsage();
  writeFileSync(process.env.CLR_CPU_TIME, String((user + system) / 1000));
});
