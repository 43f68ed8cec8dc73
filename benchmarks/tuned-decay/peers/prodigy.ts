import { cosine, type Peer, zeros } from './peer.ts';

/**
 * Prodigy: Adam whose rate is proportional to `d`. `d` is an estimate of the distance to the solution, and only rises.
 * Uses the cosine to zero that the authors' README recommends.
 *
 * Uses the defaults of the authors' package: a rate of 1, β = 0.9 and 0.999, β₃ = √β₂, d₀ = 1e-6, no bias correction.
 *
 * @see Mishchenko and Defazio, arXiv 2306.06101; konstmish/prodigy, `prodigy.py`
 */
export const prodigy: Peer = {
  name: 'Prodigy',
  begin(parameters, steps) {
    const [beta1, beta2, d0, eps] = [0.9, 0.999, 1e-6, 1e-8];
    const beta3 = Math.sqrt(beta2);
    const start = parameters.slice();
    const [mean, square, sum] = [zeros(parameters), zeros(parameters), zeros(parameters)];
    let [d, largest, numerator, step] = [d0, d0, 0, 0];
    return {
      step(x, gradient) {
        const rate = d * cosine(step, steps);
        let [product, denominator] = [0, 0];
        for (let i = 0; i < x.length; i++) {
          const g = gradient[i]!;
          product += g * (start[i]! - x[i]!);
          mean[i] = beta1 * mean[i]! + d * (1 - beta1) * g;
          square[i] = beta2 * square[i]! + d * d * (1 - beta2) * g * g;
          sum[i] = beta3 * sum[i]! + (d / d0) * rate * g;
          denominator += Math.abs(sum[i]!);
        }
        step++;
        if (denominator === 0) return;
        numerator = beta3 * numerator + (d / d0) * rate * product;
        const estimate = numerator / denominator;
        if (d === d0) d = Math.max(d, estimate);
        largest = Math.max(largest, estimate);
        d = largest;
        for (let i = 0; i < x.length; i++) x[i]! -= (rate * mean[i]!) / (Math.sqrt(square[i]!) + d * eps);
      },
    };
  },
};
