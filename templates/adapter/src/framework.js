/** A stand-in for your framework: logistic regression with SGD and momentum. Replace this file by an import. */
export class Classifier {
  /** @param {number} features */
  constructor(features) {
    this.weights = new Float32Array(features + 1);
    this.velocity = new Float32Array(features + 1);
  }

  /** The probability of class 1 for each row. */
  predict(rows) {
    return rows.map((row) => {
      const sum = row.reduce((total, x, i) => total + x * this.weights[i], this.weights.at(-1));
      return 1 / (1 + Math.exp(-sum));
    });
  }

  /** One update. */
  update(rows, classes, { lr, momentum }) {
    const chances = this.predict(rows);
    const gradient = new Float32Array(this.weights.length);
    rows.forEach((row, n) => {
      const error = (chances[n] - classes[n]) / rows.length;
      row.forEach((x, i) => {
        gradient[i] += error * x;
      });
      gradient[row.length] += error;
    });
    gradient.forEach((g, i) => {
      this.velocity[i] = momentum * this.velocity[i] + g;
      this.weights[i] -= lr * this.velocity[i];
    });
  }
}
