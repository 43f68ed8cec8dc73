/** Writes the digits that the page fetches when they are asked for into public/digits/. */
import { writeDigits } from '@clr/datasets';

await writeDigits(new URL('../public/digits/', import.meta.url), { train: 4000, test: 1000 });
