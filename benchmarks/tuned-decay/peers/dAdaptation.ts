import { cosine, dot, type Peer, zeros } from './peer.ts';

const d0 = 1e-6;

/**
 * D-Adaptation for SGD: dual averaging whose rate is `d`, divided by the first gradient's norm. `d` is an estimate of
 * the distance to the solution, and only rises. Uses the momentum of the paper's vision experiments. The authors'
 * README recommends the schedule that one would use without D-Adaptation. Here it is half a cosine to zero.
 *
 * @see Defazio and Mishchenko, arXiv 2301.07733; facebookresearch/dadaptation 3, `dadapt_sgd.py`
 */
export const dAdaptSgd: Peer = {
  name: 'D-Adaptation SGD',
  begin(parameters, steps) {
    const momentum = 0.9;
    const start = parameters.slice();
    const sum = zeros(parameters);
    let [d, first, numerator, step] = [d0, 0, 0, 0];
    return {
      step(x, gradient) {
        first ||= Math.sqrt(dot(gradient, gradient));
        const rate = (d * cosine(step, steps)) / first;
        step++;
        if (!(rate > 0)) return;
        numerator += rate * dot(gradient, sum);
        for (let i = 0; i < x.length; i++) sum[i]! += rate * gradient[i]!;
        d = Math.max(d, (2 * numerator) / Math.sqrt(dot(sum, sum)));
        for (let i = 0; i < x.length; i++) x[i] = momentum * x[i]! + (1 - momentum) * (start[i]! - sum[i]!);
      },
    };
  },
};

/**
 * D-Adaptation for Adam, with the package's defaults (a rate of 1, β = 0.9 and 0.999) and half a cosine to zero.
 *
 * @see Defazio and Mishchenko, arXiv 2301.07733, algorithm 5; facebookresearch/dadaptation 3, `dadapt_adam.py`
 */
export const dAdaptAdam: Peer = {
  name: 'D-Adaptation Adam',
  begin(parameters, steps) {
    const [beta1, beta2, eps] = [0.9, 0.999, 1e-8];
    const beta3 = Math.sqrt(beta2);
    const [mean, square, sum] = [zeros(parameters), zeros(parameters), zeros(parameters)];
    let [d, numerator, step] = [d0, 0, 0];
    return {
      step(x, gradient) {
        const rate = d * cosine(step, steps);
        step++;
        let [product, norm] = [0, 0];
        for (let i = 0; i < x.length; i++) {
          const g = gradient[i]!;
          product += (g * sum[i]!) / (Math.sqrt(square[i]!) + eps);
          mean[i] = beta1 * mean[i]! + rate * (1 - beta1) * g;
          square[i] = beta2 * square[i]! + (1 - beta2) * g * g;
          sum[i] = beta3 * sum[i]! + rate * (1 - beta3) * g;
          norm += Math.abs(sum[i]!);
        }
        if (norm === 0) return;
        numerator = beta3 * numerator + (1 - beta3) * rate * product;
        d = Math.max(d, numerator / ((1 - beta3) * norm));
        for (let i = 0; i < x.length; i++) x[i]! -= mean[i]! / (Math.sqrt(square[i]!) + eps);
      },
    };
  },
};
