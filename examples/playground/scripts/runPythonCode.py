"""
Runs the code of the page for optax and Keras, and writes its rates to test/pythonRates.json. In examples/playground:

  pip install optax keras jax
  npx tsx scripts/pythonCode.ts | python scripts/runPythonCode.py
"""

import importlib.metadata
import json
import os
import sys

os.environ["KERAS_BACKEND"] = "jax"
import keras
import optax

STEPS = [*range(21), *range(25, 200, 5)]


class Recorder:
    """Stands in for optax.sgd, and keeps the rate that the code gives to it."""

    def __init__(self, rate, momentum):
        self.rate = rate


def rates_of(library, code):
    scope = {}
    if library == "Keras":
        exec(code, scope)
        optimizer = scope["optimizer"]
        rates = []
        for step in STEPS:
            optimizer.iterations.assign(step)
            rates.append(float(optimizer.learning_rate))
        return rates
    real, optax.sgd = optax.sgd, Recorder
    try:
        exec(code, scope)
    finally:
        optax.sgd = real
    # The real optimizer must accept the rate, too.
    real(scope["optimizer"].rate, momentum=0.9)
    rate = scope["optimizer"].rate
    return [float(rate(step)) for step in STEPS]


runs = [
    {**case, "rates": [float(f"{rate:.8g}") for rate in rates_of(case["library"], case["code"])]}
    for case in json.load(sys.stdin)
]
versions = {name: importlib.metadata.version(name) for name in ("optax", "keras", "jax")}
rows = ",\n".join(json.dumps(run) for run in runs)
with open("test/pythonRates.json", "w") as file:
    file.write(f'{{\n"versions":{json.dumps(versions)},\n"steps":{json.dumps(STEPS)},\n"runs":[\n{rows}\n]\n}}\n')
