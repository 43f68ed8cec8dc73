import { openDevice } from './device.ts';
import { trainSpirals } from './trainSpirals.ts';

const device = await openDevice();
console.log(`Device: ${device.adapterInfo.description || device.adapterInfo.vendor}`);
const { accuracy, picture } = await trainSpirals(device, console.log);
console.log(`\n${picture}\n\n${(100 * accuracy).toFixed(1)} % of 512 points are on the right side.`);
device.destroy();
