"""
The rates of the schedules of optax, Keras and timm in the tables of docs/migrate: data/optax.json, data/keras.json and
data/timm.json (see README.md). Arguments: the libraries.
"""

import importlib.metadata
import importlib.util
import json
import os
import pathlib
import sys
import types

DATA = pathlib.Path(__file__).parent / "data"

# The text of each call, the number of steps, and the steps around which a schedule turns.
CALLS = {
    "optax": [
        ("constant_schedule(0.1)", 10, []),
        ("linear_schedule(0.01, 0.1, transition_steps=100)", 150, [100]),
        ("exponential_decay(0.1, transition_steps=100, decay_rate=0.5)", 500, []),
        ("cosine_decay_schedule(0.1, decay_steps=1000, alpha=0.01)", 1100, [1000]),
        ("warmup_cosine_decay_schedule(0, 0.1, warmup_steps=100, decay_steps=1000)", 1100, [100, 1000]),
        ("warmup_constant_schedule(0, 0.1, warmup_steps=100)", 200, [100]),
        ("polynomial_schedule(0.1, 0.001, power=2, transition_steps=1000)", 1100, [1000]),
        ("cosine_onecycle_schedule(1000, 0.1)", 1000, [300, 999]),
        ("piecewise_constant_schedule(0.1, {100: 0.1, 200: 0.1})", 300, [100, 200]),
        ("join_schedules([linear_schedule(0, 0.1, 50), constant_schedule(0.1)], [50])", 100, [50]),
        (
            "sgdr_schedule([dict(init_value=0, peak_value=0.1, warmup_steps=10, decay_steps=100)] * 3)",
            300,
            [10, 100, 110, 200, 210, 299],
        ),
    ],
    "keras": [
        ("CosineDecay(0.1, decay_steps=1000, alpha=0.01)", 1100, [1000]),
        ("CosineDecay(0.0, decay_steps=900, warmup_target=0.1, warmup_steps=100)", 1100, [100, 1000]),
        ("CosineDecayRestarts(0.1, first_decay_steps=100, t_mul=2.0, m_mul=1.0)", 1500, [100, 300, 700]),
        ("ExponentialDecay(0.1, decay_steps=1, decay_rate=0.99)", 300, []),
        ("PolynomialDecay(0.1, decay_steps=1000, end_learning_rate=0.001, power=2.0)", 1100, [1000]),
        ("InverseTimeDecay(0.1, decay_steps=100, decay_rate=0.5)", 300, []),
        ("PiecewiseConstantDecay([99, 199], [0.1, 0.01, 0.001])", 300, [99, 199]),
    ],
    "timm": [
        ("CosineLRScheduler(optimizer, t_initial=1000, lr_min=0.001)", 1100, [1000]),
        ("CosineLRScheduler(optimizer, t_initial=900, warmup_t=100, warmup_prefix=True)", 1100, [100, 1000]),
        ("CosineLRScheduler(optimizer, t_initial=100, cycle_mul=2., cycle_limit=3)", 700, [100, 300, 699]),
        ("PolyLRScheduler(optimizer, t_initial=1000, power=0.5, lr_min=0.001)", 1100, [1000]),
        ("StepLRScheduler(optimizer, decay_t=300, decay_rate=0.1)", 1000, [300, 600, 900]),
        ("MultiStepLRScheduler(optimizer, decay_t=[300, 600], decay_rate=0.1)", 1000, [299, 300, 599, 600]),
        ("TanhLRScheduler(optimizer, t_initial=1000, lb=-7., ub=3., lr_min=0.001)", 1000, [700]),
    ],
}


def optax_rates(call, steps):
    import jax

    jax.config.update("jax_enable_x64", True)
    import optax

    schedule = eval(call, vars(optax) | vars(optax.schedules))
    return [float(schedule(jax.numpy.asarray(step, dtype="int64"))) for step in steps]


def keras_rates(call, steps):
    os.environ["KERAS_BACKEND"] = "jax"
    import jax

    jax.config.update("jax_enable_x64", True)
    import keras

    keras.config.set_floatx("float64")
    schedule = eval(call, vars(keras.optimizers.schedules))
    return [float(schedule(jax.numpy.asarray(step, dtype="int64"))) for step in steps]


def timm_rates(call, steps):
    import torch

    if "timm" not in sys.modules:
        # timm itself needs a newer PyTorch than its schedulers.
        package = types.ModuleType("timm")
        package.__path__ = list(importlib.util.find_spec("timm").submodule_search_locations)
        sys.modules["timm"] = package
    import timm.scheduler

    optimizer = torch.optim.SGD([torch.nn.Parameter(torch.zeros(1))], lr=0.1)
    scope = vars(timm.scheduler) | {"optimizer": optimizer}
    scheduler = eval(call.replace("optimizer,", "optimizer, t_in_epochs=False,"), scope)
    (group,) = optimizer.param_groups
    rates = [group["lr"]]
    for update in range(1, steps[-1] + 1):
        scheduler.step_update(update)
        rates.append(group["lr"])
    return [rates[step] for step in steps]


RATES = {"optax": optax_rates, "keras": keras_rates, "timm": timm_rates}

for library in sys.argv[1:]:
    calls = {}
    for call, count, turns in CALLS[library]:
        chosen = set(range(0, count, -(-count // 60)))
        chosen |= {turn + offset for turn in turns for offset in (-1, 0, 1) if turn + offset < count}
        steps = sorted(chosen)
        calls[call] = {"steps": steps, "rates": RATES[library](call, steps)}
    rows = ",\n".join(f"{json.dumps(call)}:{json.dumps(value, separators=(',', ':'))}" for call, value in calls.items())
    version = json.dumps(f"{library} {importlib.metadata.version(library)}")
    (DATA / f"{library}.json").write_text(f'{{\n"version":{version},\n"calls":{{\n{rows}\n}}\n}}\n')
