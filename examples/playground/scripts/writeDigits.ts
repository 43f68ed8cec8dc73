/** Writes the built-in digits into public/digits/. The page fetches them when a user trains on them. */
import { writeDigits } from '@clr/datasets';

await writeDigits(new URL('../public/digits/', import.meta.url), { train: 4000, test: 1000 });
