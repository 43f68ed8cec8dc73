"""Writes golden/*.json: learning rates and weights computed by PyTorch, under clr's names. Run: npm run golden.

Every value is a float64; step `steps[i]` uses `lr[i]` and `momentum[i]`.
"""

import json
import pathlib

import torch
from torch.optim import lr_scheduler

torch.set_num_threads(1)
FOLDER = pathlib.Path(__file__).parent.parent / "golden"
BOUNDS = {"baseLr": 0.001, "maxLr": 0.006, "stepSize": 5, "stepSizeDown": 3}
MOMENTUM = {"base": 0.8, "max": 0.9}


def unroll(make, steps):
    """The rate and the momentum of each step of a scheduler."""
    optimizer = torch.optim.SGD([torch.zeros(1, dtype=torch.float64)], lr=0.1, momentum=0.9)
    scheduler = make(optimizer)
    lr, momentum = [], []
    for _ in range(steps):
        group = optimizer.param_groups[0]
        lr.append(group["lr"])
        momentum.append(group["momentum"])
        optimizer.step()
        scheduler.step()
    return lr, momentum


def schedule(policy, make, steps):
    lr, momentum = unroll(make, steps)
    case = {"policy": policy, "steps": list(range(steps)), "lr": lr}
    return {**case, "momentum": momentum} if "momentum" in policy else case


def cyclic_lr(mode, gamma=1.0, cycled=True):
    return lambda optimizer: lr_scheduler.CyclicLR(
        optimizer,
        base_lr=BOUNDS["baseLr"],
        max_lr=BOUNDS["maxLr"],
        step_size_up=BOUNDS["stepSize"],
        step_size_down=BOUNDS["stepSizeDown"],
        mode=mode,
        gamma=gamma,
        cycle_momentum=cycled,
        base_momentum=MOMENTUM["base"],
        max_momentum=MOMENTUM["max"],
    )


def one_cycle(**options):
    return lambda optimizer: lr_scheduler.OneCycleLR(optimizer, max_lr=0.1, total_steps=20, **options)


def warmup_stable_decay(step):
    """
    The factor of the rate: two cycles of 8 steps, then 0. Only the first cycle rises, in its first 3 steps.
    Each falls as 1 - sqrt in its last 3 steps.
    """
    if step < 3:
        return step / 3
    return 1 - (max(0, step % 8 - 5) / 3) ** 0.5 if step < 16 else 0.0


def schedules():
    one = {"type": "oneCycle", "maxLr": 0.1, "totalSteps": 20}
    cycled = {"momentum": {"base": 0.85, "max": 0.95}}
    return [
        schedule({"type": "triangular", **BOUNDS, "momentum": MOMENTUM}, cyclic_lr("triangular"), 25),
        schedule({"type": "triangular", **BOUNDS}, cyclic_lr("triangular", cycled=False), 25),
        schedule({"type": "triangular2", **BOUNDS, "momentum": MOMENTUM}, cyclic_lr("triangular2"), 25),
        schedule(
            {"type": "exp_range", **BOUNDS, "gamma": 0.99, "momentum": MOMENTUM}, cyclic_lr("exp_range", 0.99), 25
        ),
        schedule({**one, **cycled}, one_cycle(), 20),
        schedule(
            {**one, "pctStart": 0.4, "anneal": "linear", "threePhase": True, **cycled},
            one_cycle(pct_start=0.4, anneal_strategy="linear", three_phase=True),
            20,
        ),
        schedule(
            {"type": "cosineRestarts", "baseLr": 0.001, "maxLr": 0.1, "firstCycle": 4, "cycleMultiplier": 2},
            lambda optimizer: lr_scheduler.CosineAnnealingWarmRestarts(optimizer, 4, 2, 0.001),
            30,
        ),
        schedule(
            {"type": "decay", "maxLr": 0.1, "steps": 15, "warmup": 0, "shape": {"power": 2}},
            lambda optimizer: lr_scheduler.PolynomialLR(optimizer, 15, 2),
            18,
        ),
        schedule(
            {"type": "wsd", "maxLr": 0.1, "steps": 8, "warmup": 3, "cooldown": 3, "shape": "sqrt", "cycles": 2},
            lambda optimizer: lr_scheduler.LambdaLR(optimizer, warmup_stable_decay),
            18,
        ),
    ]


# f(w) = ½ (w − c)ᵀ A (w − c), in exact binary fractions.
MATRIX = [[2.0, 0.5, 0.0], [0.5, 1.0, 0.25], [0.0, 0.25, 0.5]]
CENTRE = [1.0, -0.5, 0.25]
START = [0.5, 0.75, -1.0]
POLICY = {"type": "triangular2", "baseLr": 0.02, "maxLr": 0.2, "stepSize": 4, "stepSizeDown": 3}


def trajectory(spec, make, cycled):
    weights = torch.tensor(START, dtype=torch.float64, requires_grad=True)
    matrix = torch.tensor(MATRIX, dtype=torch.float64)
    centre = torch.tensor(CENTRE, dtype=torch.float64)
    optimizer = make([weights])
    scheduler = lr_scheduler.CyclicLR(
        optimizer, POLICY["baseLr"], POLICY["maxLr"], POLICY["stepSize"], POLICY["stepSizeDown"],
        mode="triangular2", cycle_momentum=cycled, base_momentum=0.8, max_momentum=0.95,
    )
    after = []
    for _ in range(16):
        optimizer.zero_grad()
        (0.5 * (weights - centre) @ matrix @ (weights - centre)).backward()
        optimizer.step()
        scheduler.step()
        after.append(weights.detach().tolist())
    momentum = {"momentum": {"base": 0.8, "max": 0.95}} if cycled else {}
    return {"optimizer": spec, "policy": {**POLICY, **momentum}, "weights": after}


def optimizers():
    optim = torch.optim
    sgd = {"type": "sgd", "momentum": 0.9, "nesterov": False, "weightDecay": 0, "velocity": "gradient"}
    adam = {"type": "adam", "beta1": 0.9, "beta2": 0.999, "epsilon": 1e-8, "weightDecay": 0}
    rms = {"type": "rmsProp", "alpha": 0.99, "epsilon": 1e-8, "momentum": 0.5, "centered": True, "weightDecay": 0.01}
    ada = {"type": "adagrad", "epsilon": 1e-10, "initialAccumulator": 0.1, "weightDecay": 0.01}
    return [
        trajectory({**sgd, "momentum": 0}, lambda p: optim.SGD(p, lr=0.1), False),
        trajectory(sgd, lambda p: optim.SGD(p, lr=0.1, momentum=0.9), True),
        trajectory(
            {**sgd, "nesterov": True, "weightDecay": 0.01},
            lambda p: optim.SGD(p, lr=0.1, momentum=0.9, nesterov=True, weight_decay=0.01),
            True,
        ),
        trajectory(adam, lambda p: optim.Adam(p, lr=0.1), False),
        trajectory({**adam, "type": "adamW", "weightDecay": 0.1}, lambda p: optim.AdamW(p, lr=0.1, weight_decay=0.1), False),
        trajectory(rms, lambda p: optim.RMSprop(p, lr=0.1, momentum=0.5, centered=True, weight_decay=0.01), True),
        trajectory(ada, lambda p: optim.Adagrad(p, lr=0.1, initial_accumulator_value=0.1, weight_decay=0.01), False),
    ]


def write(name, content):
    text = json.dumps({"torch": torch.__version__, **content}, allow_nan=False, separators=(",", ":"))
    (FOLDER / name).write_text(text + "\n")


write("schedules.json", {"cases": schedules()})
write(
    "optimizers.json",
    {"problem": {"matrix": MATRIX, "centre": CENTRE, "start": START}, "cases": optimizers()},
)
