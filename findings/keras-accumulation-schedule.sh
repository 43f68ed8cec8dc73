#!/usr/bin/env bash
# Keras: with gradient_accumulation_steps, `optimizer.iterations` counts updates, but the learning-rate schedule is called
# with the number of batches. A schedule for 100 updates ends after 25 if each update takes four batches.
set -euo pipefail
cd "$(mktemp -d)"
python3 -m venv python
python/bin/pip install --quiet keras==3.15.1 jax==0.10.2
cat > see.py <<'PY'
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras

asked = []


class Recorder(keras.optimizers.schedules.LearningRateSchedule):
    """A linear decay from 1 to 0 over 100 steps, which notes the last step it was called with."""

    def __call__(self, step):
        asked.append(int(step))
        return keras.ops.maximum(0.0, 1.0 - keras.ops.cast(step, "float32") / 100.0)

    def get_config(self):
        return {}


weight = keras.Variable([0.0])
optimizer = keras.optimizers.SGD(learning_rate=Recorder(), gradient_accumulation_steps=4)
optimizer.build([weight])
seen = []
for batch in range(12):
    before = float(weight[0])
    optimizer.apply([keras.ops.ones((1,))], [weight])
    moved = before - float(weight[0])
    if moved:
        seen.append((int(optimizer.iterations), asked[-1], round(moved, 3)))
print(f"Keras {keras.__version__}, SGD with gradient_accumulation_steps=4, gradients of 1, the schedule 1 - step / 100:")
for update, step, rate in seen:
    print(f"  after this update optimizer.iterations is {update}; the schedule was called with step {step}: rate {rate}")
sys.exit(0 if seen == [(1, 3, 0.97), (2, 7, 0.93), (3, 11, 0.89)] else 1)
PY
python/bin/python -W ignore see.py
