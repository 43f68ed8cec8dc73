import { dot, type Peer } from './peer.ts';

/**
 * DoG, distance over gradients: the rate is the largest distance from the start so far, divided by the root of the sum
 * of all squared gradients. The result is a mean of the iterates with polynomially decaying weights. The authors advise
 * against DoG without this averaging.
 *
 * Uses the defaults of the authors' package: a first distance of 1e-6 · (1 + ‖x₀‖), or 1e-4 · (1 + ‖x₀‖) with batch
 * normalisation, and γ = 8.
 *
 * @see Ivgi et al., arXiv 2302.12022; formll/dog, `dog.py` and `averager.py`
 */
export const dog: Peer = {
  name: 'DoG',
  begin(parameters, _steps, batchNorm) {
    const [eps, gamma] = [1e-8, 8];
    const start = parameters.slice();
    const mean = parameters.slice();
    let distance = (batchNorm ? 1e-4 : 1e-6) * (1 + Math.sqrt(dot(start, start)));
    let [squares, step] = [eps, 1];
    return {
      step(x, gradient) {
        let away = 0;
        for (let i = 0; i < x.length; i++) away += (x[i]! - start[i]!) ** 2;
        distance = Math.max(distance, Math.sqrt(away));
        squares += dot(gradient, gradient);
        const rate = distance / Math.sqrt(squares);
        const share = (gamma + 1) / (gamma + step);
        for (let i = 0; i < x.length; i++) {
          x[i]! -= rate * gradient[i]!;
          mean[i] = (1 - share) * mean[i]! + share * x[i]!;
        }
        step++;
      },
      answer: () => mean,
    };
  },
};
