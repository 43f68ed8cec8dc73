/** Writes the digits that the page fetches into public/digits/. */
import { writeDigits } from '@clr/datasets';

await writeDigits(new URL('../public/digits/', import.meta.url), { train: 10_000, test: 1000 });
